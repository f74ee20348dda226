/** The destinations that a restricted container may connect to. */
export interface EgressFilter {
  readonly destinations: readonly { readonly address: string; readonly port: number }[]
  /** Whether the names of other containers resolve. */
  readonly resolvesNames: boolean
}

/** Permits no destination. It stays in effect when the rules cannot be set. */
export const denyAll: EgressFilter = { destinations: [], resolvesNames: false }

/** Tells whether the filter permits a TCP connection. */
export function isPermitted({ destinations }: EgressFilter, address: string, port: number): boolean {
  return destinations.some((destination) => destination.address === address && destination.port === port)
}
