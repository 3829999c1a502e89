// A provisioning manager for a board of profile L1, as a JavaScript file. Needs the package serialport.
import { SerialPort } from 'serialport'

/** mode: 0 test, 1 production. Returns [message, code, reason]; code 0 is success. */
export async function Provisioning(mode, header, path, station) {
  const port = new SerialPort({ path, baudRate: 115_200, hupcl: false, autoOpen: false })
  await new Promise((resolve, reject) => port.open((error) => (error ? reject(error) : resolve())))
  const init = setInterval(() => port.write('Init\n'), 1000)
  port.write('Init\n')
  let heard = ''
  for await (const octets of port) {
    heard += octets.toString('latin1')
    const [, code] = /Start_provisioning[^]*?finish:(\d{3})/.exec(heard) ?? []
    if (heard.includes('Start_provisioning')) clearInterval(init)
    if (code === undefined) continue
    station.log(`${header} ${station.serialNumber} reported ${code}`)
    return [`finish:${code}`, Number(code), code === '000' ? 'ok' : 'board-reported']
  }
  return ['the port was closed', 1, 'no-answer']
}
