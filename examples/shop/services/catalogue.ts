/** Prices in cents. A product that is not listed is sold at the price of the order. */
export const catalogue: ReadonlyMap<string, number> = new Map([
  ["prod_123", 2_999],
  ["prod_456", 4_999],
  ["prod_789", 199],
]);
