import type { Argv } from '../operation.js'

/** A command that the engine runs in a running container at intervals to determine its health, or `none` for no command. */
export type Healthcheck =
  | 'none'
  | {
      /** The command, or a text for the shell of the image, usually `/bin/sh -c`. The exit code 0 is a success. */
      readonly command: Argv | string
      /** Milliseconds from the start to the first check, and from the end of a check to the next. Default 30 000. */
      readonly intervalMs?: number
      /** The time limit of one check in milliseconds. A check that exceeds it is killed and has failed. Default 30 000. */
      readonly timeoutMs?: number
      /**
       * The time after the start, in milliseconds, in which failures before the first success do not count. In this time an engine may
       * check more often than `intervalMs`. Default 0.
       */
      readonly startPeriodMs?: number
      /** The number of consecutive failures after which the container is unhealthy. Default 3. */
      readonly retries?: number
    }

/** `starting`: neither the first success nor enough failures yet. `unhealthy`: the last `retries` checks have failed. */
export type ContainerHealth = 'starting' | 'healthy' | 'unhealthy'
