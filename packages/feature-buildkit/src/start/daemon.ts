import type { Belongings } from './belongings.js'
import type { Rung } from './rungs.js'

/** A sidecar that was started, or was there. */
export interface Daemon {
  readonly id: string
  readonly networkId: string
  readonly rung: Rung
  readonly belongings: Belongings
  readonly isAdopted: boolean
}

/** The sidecar that was found is about to end: another attempt finds or makes the next. */
export const sidecarEnds: Error = new Error('the sidecar that was found is about to end')
