import { z } from 'zod'
import { verifierRoles } from '../port.ts'
import { defaultProxyHeaders, groupsAsRoles } from './trusted-proxy.ts'

const headerName = z
  .string()
  .toLowerCase()
  .regex(/^[a-z0-9-]{1,64}$/)

/** Configuration of a proxy in front that has asked who the caller is (V38). */
export const proxySettings = z.strictObject({
  userHeader: headerName.default(defaultProxyHeaders.userHeader),
  groupsHeader: headerName.default(defaultProxyHeaders.groupsHeader),
  /** Roles of each group; the groups are the roles themselves unless given. */
  groups: z
    .record(z.string().max(200), z.array(z.enum(verifierRoles)))
    .default({ ...groupsAsRoles }),
  /** Unix socket on which the service listens for the proxy alone. */
  socket: z.string().min(1).max(100).optional(),
  /** SHA-256 over the SubjectPublicKeyInfo of client certificates of the proxy. */
  peers: z.array(z.string().regex(/^[0-9a-f]{64}$/)).default([]),
})
