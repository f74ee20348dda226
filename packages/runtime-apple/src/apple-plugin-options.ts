import type { AppleTimeouts } from './apple-timeouts.js'

/** Options of `applePlugin`. */
export interface ApplePluginOptions {
  /** Path or name of the command. If given, no other runtime is opened instead. Default: `container` of the PATH. */
  readonly command?: string
  /** The platform of this machine, for tests. Default: the platform that Node reports. */
  readonly platform?: { readonly os: string; readonly arch: string }
  /**
   * `start`: the probe starts a service that does not run, and lets the command download and install a Linux kernel if none is
   * configured. Default `require`: the report says how to start it.
   */
  readonly system?: 'require' | 'start'
  /**
   * How long the probe waits for the command, in milliseconds, if the host sets no limit. Default 30 000, and 60 000 with
   * `system: 'start'`.
   */
  readonly probeTimeoutMs?: number
  /** `if-available`: provides networks and sidecars if the command, its service and macOS have them. Default `off`. */
  readonly networks?: 'off' | 'if-available'
  /** Limits in milliseconds. Defaults: see {@link AppleTimeouts}. An unknown name or a bad value: INVALID_ARGUMENT. */
  readonly timeouts?: Partial<AppleTimeouts>
}
