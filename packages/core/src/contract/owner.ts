/**
 * The RuntimeHost that created an object, and the process in which it ran.
 *
 * An owner has ended if this machine has been rebooted since, or if this boot and pid namespace have no process with
 * that pid and start. The state of an owner on another machine or in another pid namespace is unknown.
 */
export interface Owner {
  /** Unique for each host, also for several hosts in one process. */
  readonly instanceId: string
  readonly pid: number
  /** The start of the process, as a text to compare. It tells the process from a later one with the same pid. */
  readonly processStart: string
  readonly bootId: string
  readonly pidNamespace: string
  readonly machineId: string
  /** The name of the application, if the host has one. */
  readonly app?: string
}
