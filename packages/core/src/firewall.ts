/** What `Runtime.setupFirewall` leaves open. */
export interface FirewallRules {
  /** A name or an address. */
  readonly proxyHost: string
  /** 1…65535, TCP. */
  readonly proxyPort: number
  /** Further destinations, TCP. Default: none. */
  readonly allow?: readonly FirewallDestination[]
  /** `engine` lets names be asked of the engine's resolver (a channel out). Default `none`: `proxyHost` is resolved before the rules are set. */
  readonly dns?: 'none' | 'engine'
}

/** One further way out: a name or an address, and a port (1…65535) of TCP. */
export interface FirewallDestination {
  readonly host: string
  readonly port: number
}
