import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Secret, systemRandom } from '@keyline/bytes'
import { p256ToPkcs8 } from '@keyline/crypto'
import { createPki } from '@keyline/issuer'
import { pemEncode } from '@keyline/x509'

/**
 * Signs with openssl what it is asked for, and keeps each answer under its key of idempotency. It knows the example
 * product alone.
 */
const script = `#!/bin/sh
set -e
cd "$(dirname "$0")"
export OPENSSL_CONF="$PWD/names.cnf"
read -r line
member() { printf '%s' "$line" | sed "s/.*\\"$1\\":\\"\\([^\\"]*\\)\\".*/\\1/"; }
answer="answers/$(printf '%s' "$JOB" | openssl sha256 -r | cut -c1-64)"
if [ ! -f "$answer" ]; then
  member csr | openssl base64 -d -A > "$answer.csr"
  openssl x509 -req -inform DER -in "$answer.csr" -CA pai.cert.pem -CAkey pai.key.pem -sha256 -days 3650 \\
    -subj "/CN=Board $SERIAL/vendorId=FFF1/productId=8004" \\
    -set_serial "0x4$(openssl rand -hex 15)" -extfile dac.ext -outform DER -out "$answer.der"
  openssl base64 -A -in "$answer.der" > "$answer"
fi
echo '{"type":"log","text":"signed by openssl"}'
printf '{"type":"certificate","dac":"%s"}\\n' "$(cat "$answer")"
echo '{"type":"result","code":0}'
`

const names = `openssl_conf = main
[main]
oid_section = oids
[oids]
vendorId = 1.3.6.1.4.1.37244.2.1
productId = 1.3.6.1.4.1.37244.2.2
`

const extensions = `basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
`

/**
 * Writes a program that issues, as an operator would write one around an own PKI: a shell script with openssl, and the
 * certificates of PAA and PAI beside it.
 * @returns path of the program
 */
export async function writeIssuingProgram(folder: string): Promise<string> {
  await mkdir(join(folder, 'answers'), { recursive: true })
  const notBefore = new Date(Date.UTC(2026, 0, 1))
  const { paa, pai } = await createPki({ vendorId: 0xfff1, notBefore, random: systemRandom })
  using key = new Secret(p256ToPkcs8(pai.keyPair).reveal())
  const files = {
    'paa.cert.pem': pemEncode('CERTIFICATE', paa.certificate),
    'pai.cert.pem': pemEncode('CERTIFICATE', pai.certificate),
    'pai.key.pem': pemEncode('PRIVATE KEY', key.reveal()),
    'dac.ext': extensions,
    'names.cnf': names,
  }
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, name), content, { mode: 0o600 })
  }
  const path = join(folder, 'issue.sh')
  await writeFile(path, script, { mode: 0o700 })
  return path
}
