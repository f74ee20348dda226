import type { RefusableField } from '@capstan/core'
import type { RefusedOption } from '@capstan/core/plugin'

/** What a simulation refuses: what it cannot do at all, then what it was told to refuse. */
export function toRefused(fields: readonly RefusableField[] = []): readonly RefusedOption[] {
  const chosen = fields.filter((field) => !always.some((refused) => refused.field === field)).map(toChosen)
  return [...always, ...chosen]
}

function toChosen(field: RefusableField): RefusedOption {
  const remedy = 'take it out of `refuses` of memoryPlugin()'
  return { field, reason: 'this simulation was made to refuse it', remedy }
}

const always: readonly RefusedOption[] = [
  { field: 'ports.udp', reason: 'simulated programs speak TCP alone', remedy: undefined },
  { field: 'build.dns', reason: 'a simulated build has no network', remedy: undefined },
]
