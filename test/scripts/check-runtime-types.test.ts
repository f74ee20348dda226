import { expect, test } from 'vitest'
import { findRuntimeTypeViolations } from '../../scripts/check-runtime-types.mjs'

test.each([
  ['if (runtime instanceof DockerRuntime) {}', 'tests for an instance of DockerRuntime'],
  ['const can = x instanceof core.NetworkManager', 'tests for an instance of NetworkManager'],
  ["if (runtime.type === 'docker') {}", 'compares the type of a runtime'],
  ["if ('x' !== this.#runtime.type) {}", 'compares the type of a runtime'],
  ["const is = scope.appleRuntime?.['type'] == x", 'compares the type of a runtime'],
  ["const is = anything.type === 'apple'", 'compares the type of a runtime'],
  ["switch (runtime.type) { case 'docker': }", 'branches on the type of a runtime'],
  ['const n = runtime as NetworkManager', 'casts to NetworkManager'],
  ['const n = runtime as unknown as DockerRuntime', 'casts to DockerRuntime'],
  ['const n = <core.ExecManager>runtime', 'casts to ExecManager'],
  ['const n = x as ImageTransfer', 'casts to ImageTransfer'],
  ['const n = x as ImageBuilder', 'casts to ImageBuilder'],
  ['const n = x as BuildService', 'casts to BuildService'],
  ['function has(x: object): x is SidecarManager { return true }', 'has a type predicate for SidecarManager'],
  ['const is = (x: object): x is Runtime => true', 'has a type predicate for Runtime'],
])('reports %s', (text, violation) => {
  const found = findRuntimeTypeViolations('a.ts', `\n${text}\n`)
  expect(found).toEqual([{ path: 'a.ts', line: 2, text: `${violation}: check the capability instead` }])
})

test.each([
  'const networks = findCapability(scope, networkManagerCapability)',
  'if (error instanceof HostError) {}',
  "if (mount.type === 'volume') {}",
  "if (mount.type === 'memory') {}",
  'console.log(runtime.type)',
  'const manager: NetworkManager = new DockerNetworkManager(engine)',
  'const x = y as NetworkManagerOptions',
  'const z = plugin satisfies Runtime',
  'const isUsable = (report: Report): report is UsableRuntime => true',
  "// runtime.type === 'docker'",
])('accepts %s', (text) => {
  expect(findRuntimeTypeViolations('a.ts', text)).toEqual([])
})
