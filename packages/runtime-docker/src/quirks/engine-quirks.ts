/**
 * Differences from the Docker Engine's behaviour behind the same API. Seen on Podman 4.3, where nothing else is said.
 * Default of each: false.
 */
export interface EngineQuirks {
  /** Removes a network in use together with its containers, so they are listed before the removal. */
  readonly removesUsedNetworks?: boolean
  /** Creates the missing source of a bind mount, so it is checked before the create, which needs a local engine. */
  readonly createsBindSources?: boolean
  /** Does not support `host-gateway` among the extra hosts, so the address is sent instead. */
  readonly lacksHostGateway?: boolean
  /**
   * May not answer `/wait` for a container that exits at once, and answers it wrongly for a removed one, so the exit
   * code is polled.
   */
  readonly missesExits?: boolean
  /** Gives a container in the network namespace of another container a separate host name, so the name is set on both. */
  readonly hasSeparateHostname?: boolean
  /** Starts the owner of a network namespace together with a container in that namespace, so a sandbox is never stopped. */
  readonly startsNamespaceOwners?: boolean
  /** Lists containers without their health, so it is requested by a filter. */
  readonly listsNoHealth?: boolean
  /** Creates the missing volume of a mount without its labels, so it is created before the container. */
  readonly dropsVolumeLabels?: boolean
  /**
   * Copies a variable without a value from the engine's own environment instead of removing it, so the names of
   * variables to remove are sent in `UnsetEnv` (Podman 4.2 and later).
   */
  readonly usesUnsetEnv?: boolean
  /**
   * Sends SIGTERM and waits 10 s at a removal by force, so the container is killed first. Seen on Podman 5.8; Podman 4.3
   * sends SIGKILL.
   */
  readonly removesGracefully?: boolean
  /** Refuses to stop a paused container, so it is unpaused first. Seen on Podman 4.3 and 5.8. */
  readonly keepsPaused?: boolean
  /** Lists processes by names of columns instead of options of `ps`, with the process ids in the container. */
  readonly listsProcessesByColumns?: boolean
  /** Rejects a filter by the states `restarting` and `dead`, which it does not have, and has the state `initialized`. */
  readonly hasOwnStates?: boolean
  /** Ignores empty lists of masked paths, and supports the option `systempaths=unconfined`. Seen on Podman 4.3 and 5.8. */
  readonly ignoresMaskedPaths?: boolean
  /**
   * Sets the labels of a build in one step (Podman 5.8), or in one step for each, or none with a target (Podman 4.3), so
   * these steps are reported.
   */
  readonly hasOwnLabelSteps?: boolean
  /**
   * Removes the base of other images, which keep its layers, and keeps the untagged images of failed builds. So of the
   * images that are built on a base only those with a tag count as its users. Seen on Podman 4.3 and 5.8.
   */
  readonly removesBaseImages?: boolean
  /**
   * Has a default network of another name, and accepts `bridge` for it only in requests for one network, which then show that
   * name, so its id is used. Seen on Podman 4.3.
   */
  readonly renamesDefaultNetwork?: boolean
  /** Lists a network `bridge` with the id `bridge` for a container in no network, so it is ignored. Seen on Podman 5.8. */
  readonly showsBridgeWithoutNetwork?: boolean
  /**
   * Ends a followed log with the container while a slow reader reads, so the rest is read afterwards. Seen on Podman 4.3
   * and 5.8.
   */
  readonly truncatesLogs?: boolean
  /**
   * Drops some of the lines of a followed log that it sends after the exit of the container, so what arrives after the
   * exit is read again without `follow`. Seen on Podman 4.3 and 5.8.
   */
  readonly dropsLogLines?: boolean
  /** Streams statistics only every five seconds, so single ones are requested each second. Seen on Podman 4.3 and 5.8. */
  readonly streamsStatsSlowly?: boolean
  /**
   * Counts the bytes of the only interface, which is named `network`, on the side of the host: what the container sends is
   * reported as received. Podman 5.8 has the names and the direction of Docker.
   */
  readonly countsHostSide?: boolean
  /**
   * Combines label filters of events by "or", names removals in another way in the filters of events, and answers an `until`
   * in the past without events, so only kinds are filtered by the engine. Seen on Podman 4.3 and 5.8.
   */
  readonly hasOwnEventQuery?: boolean
  /** Creates the missing directory of `putArchive`, so it is checked before. Seen on Podman 4.3. */
  readonly createsArchiveDirectories?: boolean
  /** Ignores the settings in the body of a commit, so they are sent as instructions. Seen on Podman 4.3, and not on 5.8. */
  readonly ignoresCommitBody?: boolean
  /** Lists the steps of an image with ids of other images, so no ids are returned. Seen on Podman 4.3 and 5.8. */
  readonly confusesHistoryIds?: boolean
  /** Follows a link at the path of `getArchive`, so the link is read from an archive of its directory. Seen on Podman 4.3. */
  readonly followsArchivedLinks?: boolean
}
