import { readFileSync } from 'node:fs'
import { createRuntimeHost, type OptionName, runtimeCapability } from '@capstan/core'
import { builtInCapabilities, joinWords } from '@capstan/core/plugin'
import { BuildKitFeature, toBuildKitSupport } from '@capstan/feature-buildkit'
import { type MemoryPluginOptions, memoryPlugin } from '@capstan/runtime-memory'
import { expect, it } from 'vitest'
import { root } from './documents.js'
import { readSupportTable, toSupportRow } from './support-table.js'

const required = Object.values(BuildKitFeature.sidecarNeeds.required)
const optional = Object.values(BuildKitFeature.sidecarNeeds.optional)
const needed = [...required, ...optional]
const managers = builtInCapabilities.filter(({ id }) => id !== runtimeCapability.id)

/** Converts the first cell of a row to the options of the simulation. */
function toOptions(runtime: string): MemoryPluginOptions {
  const [, without, unsupportedOptions] = /^memory(?: without (.+)| that does not support (.+))?$/.exec(runtime) ?? []
  if (without === 'anything') return { without: managers }
  if (without !== undefined) return { without: managers.filter(({ title }) => title === without) }
  if (unsupportedOptions !== undefined)
    return { unsupportedOptions: unsupportedOptions.replaceAll('`', '').split(', ') as OptionName[] }
  return {}
}

const rows = readSupportTable().filter(({ runtime }) => runtime.startsWith('memory'))

it('docs/buildkit.md names the required and the optional capabilities', () => {
  const text = readFileSync(`${root}docs/buildkit.md`, 'utf8').replaceAll('\n', ' ')
  const toWords = (list: readonly { readonly title: string }[]) => joinWords(list.map(({ title }) => title))
  expect(text).toContain(
    `The latter needs ${toWords(required)}, and uses ${toWords(optional)} where the runtime has them.`,
  )
})

it('docs/buildkit.md has a row for each capability', () => {
  const names = rows.map(({ runtime }) => runtime)
  for (const { title } of needed) expect(names).toContain(`memory without ${title}`)
})

it.each(rows)('docs/buildkit.md lists the answer of support() for $runtime', async (row) => {
  await using host = createRuntimeHost({ plugins: [memoryPlugin(toOptions(row.runtime))], env: {} })
  const scope = await host.open({ runtime: 'memory' })
  const support = scope.resolve(BuildKitFeature).support()
  expect(toSupportRow(row.runtime, support)).toEqual(row)
  expect(toBuildKitSupport(scope.report)).toEqual(support)
})
