/** The tunnels of one gateway. State. */
export interface Tunnels {
  open: number;
}
