import type { Endpoint } from './endpoint.ts'
import { deviceEnrolment } from './est/enrol-device.ts'
import { memberEnrolment, memberRenewal } from './est/enrol-member.ts'
import { caCertificates, refusedFunctions, requestAttributes } from './est/functions.ts'
import { openEndpoints, type OpenOptions } from './open.ts'
import { auditEndpoint } from './rest/audit.ts'
import { authorityEndpoints } from './rest/authorities.ts'
import { certificateEndpoints } from './rest/certificates.ts'
import { dacEndpoint } from './rest/dac.ts'
import { memberEndpoints } from './rest/members.ts'
import { orderEndpoints } from './rest/orders.ts'
import { recallEndpoint } from './rest/recall.ts'
import type { Service } from './service.ts'

/** Every endpoint of the server. What is fixed stands before what has a label in its place. */
export function allEndpoints(service: Service, open: OpenOptions): readonly Endpoint[] {
  return [
    dacEndpoint(service),
    memberEnrolment(service),
    memberRenewal(service),
    deviceEnrolment(service),
    ...caCertificates(service),
    requestAttributes(service),
    ...refusedFunctions(),
    recallEndpoint(service),
    ...orderEndpoints(service),
    ...certificateEndpoints(service),
    ...memberEndpoints(service),
    auditEndpoint(service),
    ...authorityEndpoints(service),
    ...openEndpoints(open),
  ]
}
