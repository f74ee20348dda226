import type { RefusedOption } from '@capstan/core'

/** What the probe found out, for `register`: facts, nothing open. */
export interface AppleDetails {
  /** Path or name of the command line. */
  readonly command: string
  readonly version: string
  readonly refuses: readonly RefusedOption[]
  /** Whether there is a command `network`, which macOS 26 brings. */
  readonly hasNetworkCommand: boolean
  /** Which managers to register beside those that every release has. */
  readonly canNetwork: boolean
  readonly canFirewall: boolean
  readonly canVolume: boolean
  /** `--progress` of `image pull`, which came later than the command. */
  readonly hasPullProgress: boolean
}
