/** Attributes of the subject that name vendor and product (matter-factory-data section 10.3). */
export const matterOid = {
  vendorId: '1.3.6.1.4.1.37244.2.1',
  productId: '1.3.6.1.4.1.37244.2.2',
} as const
