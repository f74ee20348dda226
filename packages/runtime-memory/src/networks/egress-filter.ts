/** What a denyAll container may still reach. */
export interface EgressFilter {
  readonly destinations: readonly { readonly address: string; readonly port: number }[]
  /** Whether names of peers resolve. */
  readonly resolvesNames: boolean
}

/** Shut entirely: what stands while the rules are being made, and when they cannot be. */
export const denyAll: EgressFilter = { destinations: [], resolvesNames: false }

/** Whether a TCP connection there may leave the container. */
export function isPermitted({ destinations }: EgressFilter, address: string, port: number): boolean {
  return destinations.some((destination) => destination.address === address && destination.port === port)
}
