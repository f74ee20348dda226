import type { EngineFindings, PingFacts } from './ask-engine.js'
import type { DockerEndpoint } from './docker-endpoint.js'

/**
 * What an engine said of itself a moment ago: `open` follows `discover` closely, and the same question takes the engine
 * as long again. Every probe still has to see it answer, with the same words.
 */
export class RecentFindings {
  readonly #now: () => number
  readonly #kept = new Map<string, { readonly at: number; readonly findings: EngineFindings }>()

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  find(question: EngineQuestion): EngineFindings | undefined {
    const kept = this.#kept.get(JSON.stringify(question))
    return kept === undefined || this.#now() - kept.at > freshMs ? undefined : kept.findings
  }

  keep(question: EngineQuestion, findings: EngineFindings): void {
    this.#kept.set(JSON.stringify(question), { at: this.#now(), findings })
  }
}

/** All that the findings depend on. */
export interface EngineQuestion {
  readonly endpoint: DockerEndpoint
  readonly ping: PingFacts
  readonly pinned: string | undefined
}

const freshMs = 5_000
