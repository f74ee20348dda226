/** Where an engine behaves otherwise than Docker's own behind the same API. Default of each: it does not. */
export interface EngineQuirks {
  /** Removes a network that is used, and its users with it: so they are looked for before. */
  readonly removesUsedNetworks?: boolean
  /** Makes the missing source of a bind mount: so it is looked for before, which needs an engine on this machine. */
  readonly makesBindSources?: boolean
  /** Takes `host-gateway` among the extra hosts for an address: so the address is put in its place. */
  readonly knowsNoHostGateway?: boolean
  /** Answers no wait for a container that ends at once, and a wrong one for one that is removed: so it is looked after. */
  readonly missesExits?: boolean
  /** Gives a container in the network namespace of another one a host name of its own: so the name is given to both. */
  readonly hasOwnHostname?: boolean
  /** Starts, with a container in the network namespace of another one, that one too: so a sandbox is never stopped. */
  readonly startsNamespaceOwners?: boolean
  /**
   * Creates an absent volume that a container mounts without the labels of the mount: so it is created before the
   * container. Seen on Podman 4.3.
   */
  readonly dropsVolumeLabels?: boolean
  /**
   * Takes a variable without a value from its own environment: so variables to remove go into `UnsetEnv`, which Podman has
   * from 4.2 on.
   */
  readonly takesUnsetApart?: boolean
}
