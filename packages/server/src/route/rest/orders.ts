import { IssuerError } from '@keyline/issuer'
import { WorkOrder } from '@keyline/ledger/records'
import { z } from 'zod'
import { json, type Answer } from '../../answer/answer.ts'
import { ServerError } from '../../errors.ts'
import { jsonRequest, restResponses } from '../document.ts'
import { jsonBody, memberOf, param, type Endpoint, type EndpointRequest } from '../endpoint.ts'
import { membersLabel } from '../est/functions.ts'
import type { ActingLedger, OrderView, Service } from '../service.ts'
import { OrderReply, orderId } from './schema.ts'

const params = z.object({ order: orderId })

/** Work orders: create, look, pause, resume, close. */
export function orderEndpoints(service: Service): readonly Endpoint[] {
  const { ledger } = service
  return [
    {
      id: 'GET /v1/orders',
      errors: 'problem',
      document: {
        summary: 'All work orders',
        responses: restResponses(200, 'Orders.', z.array(OrderReply)),
      },
      handle: async () => json((await ledger.orders()).map(orderReply)),
    },
    {
      id: 'POST /v1/orders',
      errors: 'problem',
      document: {
        summary: 'Open a work order; the same one again changes nothing',
        request: jsonRequest(WorkOrder),
        responses: restResponses(201, 'The order.', OrderReply),
      },
      handle: async (request) => {
        const order = jsonBody(request, WorkOrder)
        if (order.id === membersLabel) {
          const message = `an order cannot have the id ${membersLabel}, which is an EST label`
          throw new ServerError('SERVER_BODY_INVALID', message)
        }
        const isNew = await ledger.as(memberOf(request).name).createOrder(order)
        return orderAnswer(service, order.id, isNew ? 201 : 200)
      },
    },
    {
      id: 'GET /v1/orders/{order}',
      errors: 'problem',
      document: {
        summary: 'One work order',
        request: { params },
        responses: restResponses(200, 'The order.', OrderReply),
      },
      handle: async (request) => orderAnswer(service, param(request, 'order')),
    },
    change(service, 'pause', (acting, id) => acting.pauseOrder(id)),
    change(service, 'resume', (acting, id) => acting.resumeOrder(id)),
    change(service, 'close', (acting, id) => acting.closeOrder(id)),
  ]
}

function change(
  service: Service,
  verb: 'pause' | 'resume' | 'close',
  act: (acting: ActingLedger, orderId: string) => Promise<void>,
): Endpoint {
  return {
    id: `POST /v1/orders/{order}/${verb}`,
    errors: 'problem',
    document: {
      summary: `${verb} a work order; again changes nothing`,
      request: { params },
      responses: restResponses(200, 'The order as it is now.', OrderReply),
    },
    handle: async (request: EndpointRequest) => {
      const id = param(request, 'order')
      await act(service.ledger.as(memberOf(request).name), id)
      return orderAnswer(service, id)
    },
  }
}

async function orderAnswer({ ledger }: Service, id: string, status = 200): Promise<Answer> {
  const order = await ledger.order(id)
  if (order === undefined) throw new IssuerError('ISSUER_ORDER_UNKNOWN', `there is no order ${id}`)
  return json(orderReply(order), status)
}

function orderReply(order: OrderView): z.input<typeof OrderReply> {
  const { orderId: id, opens, closes } = order
  return {
    id,
    vendorId: order.vendorId,
    productId: order.productId,
    policy: order.policy,
    state: order.state,
    quantity: order.quantity,
    certificateLimit: order.certificateLimit,
    certificatesUsed: order.certificatesUsed,
    ...(order.stations !== undefined && { stations: [...order.stations] }),
    ...(opens !== undefined && { opens: new Date(opens).toISOString() }),
    ...(closes !== undefined && { closes: new Date(closes).toISOString() }),
  }
}
