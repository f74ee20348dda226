/** What a sealed container may still reach. */
export interface Firewall {
  readonly destinations: readonly { readonly address: string; readonly port: number }[]
  /** Whether names of peers resolve. */
  readonly resolvesNames: boolean
}

/** Shut entirely: what stands while the rules are being made, and when they cannot be. */
export const sealed: Firewall = { destinations: [], resolvesNames: false }

/** Whether a TCP connection there may leave the container. */
export function isPermitted({ destinations }: Firewall, address: string, port: number): boolean {
  return destinations.some((destination) => destination.address === address && destination.port === port)
}
