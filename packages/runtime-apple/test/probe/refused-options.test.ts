import { expect, it } from 'vitest'
import { type Abilities, listRefused } from '../../src/probe/unsupported-options.js'

const all: Abilities = {
  hasCapabilities: true,
  hasUlimits: true,
  hasInit: true,
  hasReadOnly: true,
  hasNetworks: true,
  hasNoNetwork: true,
  hasBuildDns: true,
  hasVolumes: true,
  noTerminal: undefined,
}
const toFields = (abilities: Partial<Abilities>) => listRefused({ ...all, ...abilities }).map(({ field }) => field)

it('lists each field once, with a reason', () => {
  const refused = listRefused({ ...all, hasNetworks: false, hasCapabilities: false })
  expect(new Set(refused.map(({ field }) => field)).size).toBe(refused.length)
  for (const { reason } of refused) expect(reason).not.toBe('')
})

it.each([
  [{ hasCapabilities: false }, ['capAdd', 'capDrop']],
  [{ hasUlimits: false }, ['ulimits']],
  [{ hasInit: false }, ['init']],
  [{ hasReadOnly: false }, ['readOnlyRootFilesystem']],
  [{ hasNoNetwork: false }, ['network.none']],
  [{ hasNetworks: false, hasNoNetwork: false }, ['network']],
  [{ hasBuildDns: false }, ['build.dns']],
  [{ noTerminal: { field: 'tty', reason: 'no library', remedy: 'install it' } as const }, ['tty']],
])('refuses with %j, in addition to the fields of every release, %j', (abilities, fields) => {
  const always = new Set(toFields({}))
  expect(toFields(abilities).filter((field) => !always.has(field))).toEqual(fields)
})
