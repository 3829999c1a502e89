/** Columns and constraints of the table of certificates, as versions 1 and 2 made it. */
export function certificateBody(octets: string, integer: string): string {
  return `(
        sha256 text not null,
        order_id text not null references work_order (id),
        unit_id text not null references unit (id),
        quota_number ${integer} not null,
        issuer_key_id text not null,
        serial_number text not null,
        spki_sha256 text not null,
        idempotency_key text not null,
        request_hash text not null,
        der ${octets} not null,
        state text not null check (state in ('live', 'void')),
        void_reason text,
        issued_at ${integer} not null,
        constraint certificate_pkey primary key (sha256),
        constraint certificate_serial_number unique (issuer_key_id, serial_number),
        constraint certificate_key unique (spki_sha256),
        constraint certificate_idempotency unique (idempotency_key),
        constraint certificate_void check ((state = 'void') = (void_reason is not null))
      )`
}
