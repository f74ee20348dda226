/** Who made a thing. Dead: same machine and boot and pid namespace, and no process with that pid and start time; or same machine, other boot. Else undecidable. */
export interface Owner {
  readonly instanceId: string
  readonly pid: number
  readonly processStart: string
  readonly bootId: string
  readonly pidNamespace: string
  readonly machineId: string
  /** Name of the application, where the host was created with one. */
  readonly app?: string
}
