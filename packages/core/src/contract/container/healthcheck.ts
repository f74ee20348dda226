import type { Argv } from '../operation.js'

/** A command that the engine runs in a container to determine its health, or `none` for no such command. */
export type Healthcheck =
  | 'none'
  | {
      /** The command and its arguments, or a text for the shell of the container. */
      readonly command: Argv | string
      /** Milliseconds between two checks. Default: the engine's; so is that of the other fields. */
      readonly intervalMs?: number
      readonly timeoutMs?: number
      /** Milliseconds after the start in which a failed check does not count. */
      readonly startPeriodMs?: number
      /** The number of failed checks in a row after which the container is unhealthy. */
      readonly retries?: number
    }
