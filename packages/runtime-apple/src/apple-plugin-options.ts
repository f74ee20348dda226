import type { AppleTimeouts } from './apple-timeouts.js'

/** Options of `applePlugin`. */
export interface ApplePluginOptions {
  /** Path or name of the command line. Default: `container` of the PATH. Given, it is chosen: no other runtime is opened instead. */
  readonly command?: string
  /** What kind of machine this is, for tests. Default: what Node says. */
  readonly platform?: { readonly os: string; readonly arch: string }
  /** `start`: the probe starts a service that is not running, and takes up to a minute for it. Default `require`: it tells how to. */
  readonly system?: 'require' | 'start'
  /**
   * How long the probe waits for the command, in milliseconds, where the host sets no limit. Default 30 000, and 60 000 with
   * `system: 'start'`.
   */
  readonly probeTimeoutMs?: number
  /** `probe`: networks and sidecars are registered where the command line, the service and macOS have them. Default `none`. */
  readonly managers?: 'none' | 'probe'
  /** Limits in milliseconds. Default of each: see {@link AppleTimeouts}; another name or value: INVALID_ARGUMENT. */
  readonly timeouts?: Partial<AppleTimeouts>
}
