import { createHostError, isHostError, type RuntimeReport, withUndoFailures } from '@capstan/core'
import type { BuildKitManagers } from '../buildkit-managers.js'
import type { BuildKitOptions } from '../buildkit-options.js'
import { rootlessLayout } from './layout.js'
import { type BuildKitPrivilege, listRefusedRungs, listRungs, type Rung } from './rungs.js'
import type { Settings } from './settings.js'

/** The result of one privilege level. */
export interface RungVerdict {
  readonly privilege: BuildKitPrivilege
  /**
   * `runs`: BuildKit uses it. `refused`: the runtime refuses it. `no-image`: its image cannot be pulled. `ended`: the daemon
   * ended at its start. `cannot-run`: BuildKit answers, but no RUN of a Dockerfile works.
   */
  readonly verdict: 'runs' | 'refused' | 'no-image' | 'ended' | 'cannot-run'
  /** Empty for `runs`. */
  readonly reason: string
}

/** Why a rung cannot be used; the next one is tried. */
export class RungFailure extends Error {
  readonly verdict: Exclude<RungVerdict['verdict'], 'runs'>
  /** The error for the caller when no other rung is left. */
  readonly error: unknown

  constructor(verdict: RungFailure['verdict'], error: unknown) {
    super(error instanceof Error ? error.message : String(error), { cause: error })
    this.verdict = verdict
    this.error = error
  }
}

/** A rung that can still be tried, and the image of its sidecar. */
export interface OpenRung {
  readonly rung: Rung
  readonly image: string
}

/** The rungs of one start, in the order in which they are tried, and the result of each. */
export class Ladder {
  readonly #report: RuntimeReport
  readonly #rungs: readonly OpenRung[]
  readonly #onProgress: BuildKitOptions['onProgress'] | undefined
  readonly #failures = new Map<BuildKitPrivilege, RungFailure>()
  readonly #undoFailures: unknown[] = []

  constructor(
    { report }: Pick<BuildKitManagers, 'report'>,
    { image, rootlessImage }: Settings,
    onProgress: BuildKitOptions['onProgress'] | undefined,
  ) {
    this.#report = report
    this.#onProgress = onProgress
    this.#rungs = listRungs(report.available ? report.refuses : []).flatMap((rung) => {
      const its = rung.layout === rootlessLayout ? rootlessImage : image
      return its === undefined ? [] : [{ rung, image: its }]
    })
  }

  /** The rungs that are neither refused in the report nor passed over. */
  get open(): readonly OpenRung[] {
    return this.#rungs.filter(({ rung }) => !this.isPassedOver(rung))
  }

  isPassedOver({ privilege }: Pick<Rung, 'privilege'>): boolean {
    return this.#failures.has(privilege)
  }

  /** Excludes the rung from all further attempts. */
  passOver({ privilege }: Pick<Rung, 'privilege'>, failure: RungFailure, undoFailures: readonly unknown[] = []): void {
    this.#failures.set(privilege, failure)
    this.#undoFailures.push(...undoFailures)
    this.#onProgress?.({ id: 'buildkit', phase: 'passed-over', status: toReason(failure), privilege })
  }

  /** The results up to the rung that BuildKit uses, with those that the report refuses. */
  toVerdicts({ privilege }: Pick<Rung, 'privilege'>): readonly RungVerdict[] {
    return [...this.#listFailed(), { privilege, verdict: 'runs', reason: '' }]
  }

  /** The error when no rung is left: the only failure, or one error with the reason of each rung. */
  toError(): unknown {
    const failures = [...this.#failures.values()]
    const noImage = failures.find(({ verdict }) => verdict === 'no-image')
    const [first] = failures
    const only = failures.length === 1 && first?.verdict !== 'cannot-run' ? first : undefined
    const cause = noImage ?? only
    return withUndoFailures(cause === undefined ? this.#toNoRung(first?.error) : cause.error, this.#undoFailures)
  }

  #toNoRung(cause: unknown): Error {
    const told = this.#listFailed().map(({ privilege, reason }) => `${privilege}: ${reason}`)
    const reason = told.length === 0 ? 'BuildKit starts at no privilege level' : told.join('; ')
    const facts = {
      runtime: this.#report.runtime,
      field: 'privileged',
      given: 'true',
      reason: this.#rungs.some(({ rung }) => rung.layout === rootlessLayout)
        ? reason
        : `${reason}; try a rootlessImage`,
    } as const
    return createHostError('OPTION_UNSUPPORTED', facts, { cause })
  }

  #listFailed(): readonly RungVerdict[] {
    const refused = listRefusedRungs(this.#report.available ? this.#report.refuses : [])
    return [
      ...refused.map(({ privilege, reason }) => ({ privilege, verdict: 'refused' as const, reason })),
      ...[...this.#failures].map(([privilege, failure]) => {
        return { privilege, verdict: failure.verdict, reason: toReason(failure) }
      }),
    ]
  }
}

/** One line, without the id of the removed sidecar. */
function toReason({ verdict, error, message }: RungFailure): string {
  const text = isHostError(error, 'OPERATION_FAILED') ? error.facts.reason : message
  const reason = text.replaceAll(/\s*\n\s*/g, ' ')
  return verdict === 'cannot-run' ? `BuildKit answers, but no RUN works: ${reason}` : reason
}
