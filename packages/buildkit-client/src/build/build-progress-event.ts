import type { BuildSource } from '@capstan/core/plugin'
import type { BuildResult } from './build-result.js'

/**
 * One event of a build. `at` is BuildKit's time, or 1970-01-01 if BuildKit reports none. In `transfer` events, and in all
 * events of the runtime's own builder, it is the time of this process.
 */
export type BuildProgressEvent =
  /** The first event of a build: what builds. */
  | {
      readonly type: 'builder'
      readonly builder: BuildResult['builder']
      /** The version of BuildKit, for example `v0.32.2`. `undefined` with the runtime's builder, or if it is not known. */
      readonly version: string | undefined
      /** Why builders that have precedence are not used, one phrase each. */
      readonly reasons: readonly string[]
    }
  | {
      readonly type: 'step'
      readonly id: string
      /** The name as BuildKit shows it, for example `[2/3] RUN make`. */
      readonly name: string
      /**
       * A step can run more than once, and each run has its own `started` and `completed`: BuildKit runs the step that reads a
       * local directory twice.
       */
      readonly state: 'started' | 'cached' | 'completed' | 'failed'
      readonly at: Date
      /** Set when `state` is `failed`. */
      readonly error?: string
    }
  | {
      readonly type: 'log'
      /** Empty if the output belongs to no step. */
      readonly stepId: string
      readonly stream: 'stdout' | 'stderr'
      readonly bytes: Uint8Array
      readonly at: Date
    }
  /**
   * The progress within one step. `id` names what is counted, as BuildKit shows it, for example `transferring context:`. The
   * unit is bytes or a number of items, depending on `id`.
   */
  | {
      readonly type: 'status'
      readonly stepId: string
      readonly id: string
      readonly current: number
      readonly total: number | undefined
      /** Whether it has ended. */
      readonly isDone: boolean
      readonly at: Date
    }
  | {
      readonly type: 'warning'
      /** Empty if the warning belongs to no step. */
      readonly stepId: string
      readonly message: string
      /** Further lines, for example an explanation. Default: none. */
      readonly detail?: readonly string[]
      /** The page that explains the warning. */
      readonly url?: string
      /** The lines of the Dockerfile that the warning is about. */
      readonly source?: BuildSource
    }
  /**
   * The bytes sent between this process and BuildKit: files of the contexts, of which BuildKit requests only those that have
   * changed, or the result for the runtime, the archive or the directory. Emitted at most every 250 ms, and at the end with
   * `isDone`. A transfer shorter than 250 ms has no event.
   */
  | {
      readonly type: 'transfer'
      readonly id: 'context' | 'result'
      readonly currentBytes: number
      /** At most as many bytes are sent. `undefined` for the result, whose size is not known in advance. */
      readonly totalBytes: number | undefined
      /** Whether the receiver has read everything. */
      readonly isDone: boolean
      readonly at: Date
    }
