import { homedir, tmpdir, userInfo } from 'node:os'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createRuntimeHost, findCapability, type RuntimePlugin } from '../../src/index.js'
import {
  type Environment,
  findHomeDirectory,
  findTemporaryDirectory,
  hostEnvironmentCapability,
  type RegistrationScope,
} from '../../src/plugin.js'
import { fakePlugin } from '../fakes/fake-plugin.js'

/** A plugin that keeps the environments which it is given. */
function recordEnvironments(): { readonly plugin: RuntimePlugin; readonly seen: (Environment | undefined)[] } {
  const inner = fakePlugin()
  const seen: (Environment | undefined)[] = []
  const plugin: RuntimePlugin = {
    ...inner,
    probe: (options) => {
      seen.push(options.env)
      return inner.probe(options)
    },
    register: (scope: RegistrationScope, details) => {
      seen.push(scope.env)
      inner.register(scope, details)
    },
  }
  return { plugin, seen }
}

test('the environment of the host is passed to the probe, to register and to features', async () => {
  const env = { GIVEN: 'to the host' }
  const { plugin, seen } = recordEnvironments()
  await using host = createRuntimeHost({ plugins: [plugin], env })
  const scope = await host.open()
  expect([...seen, findCapability(scope, hostEnvironmentCapability)]).toEqual([env, env, env])
})

test.each([{}, { env: undefined }])('without an environment the host uses that of the process: %o', async (given) => {
  vi.stubEnv('OF_THIS_PROCESS', 'yes')
  onTestFinished(() => void vi.unstubAllEnvs())
  const { plugin, seen } = recordEnvironments()
  // An `undefined` may come from a caller whose compiler does not tell it from an absent field.
  await using host = createRuntimeHost({ plugins: [plugin], ...(given as object) })
  await host.open()
  expect(seen.map((env) => env?.OF_THIS_PROCESS)).toEqual(['yes', 'yes'])
})

test.each<[string, Environment, NodeJS.Platform, string]>([
  ['HOME', { HOME: '/home/given' }, 'linux', '/home/given'],
  ['the user database where HOME is not set', {}, 'linux', userInfo().homedir],
  ['the user database where HOME is empty', { HOME: '' }, 'darwin', userInfo().homedir],
  ['USERPROFILE on Windows', { HOME: '/c/x', USERPROFILE: 'C:\\Users\\given' }, 'win32', 'C:\\Users\\given'],
])('the home directory is from %s', (_, env, platform, expected) => {
  expect(findHomeDirectory(env, platform)).toBe(expected)
})

test.each<[Environment, NodeJS.Platform, string]>([
  [{ TMPDIR: '/given/' }, 'linux', '/given'],
  [{ TMPDIR: '', TMP: '/second', TEMP: '/third' }, 'linux', '/second'],
  [{ TEMP: '/third' }, 'darwin', '/third'],
  [{ TMPDIR: '/' }, 'linux', '/'],
  [{}, 'linux', '/tmp'],
  [{ TEMP: 'D:\\temp\\', TMP: 'E:\\' }, 'win32', 'D:\\temp'],
  [{ TMP: 'E:\\' }, 'win32', 'E:\\'],
  [{ SystemRoot: 'D:\\Windows' }, 'win32', 'D:\\Windows\\temp'],
])('with %o on %s temporary files are in %s', (env, platform, expected) => {
  expect(findTemporaryDirectory(env, platform)).toBe(expected)
})

test.skipIf(process.platform === 'win32')('home and temporary directory are those of node:os', () => {
  expect(findHomeDirectory(process.env)).toBe(homedir())
  expect(findTemporaryDirectory(process.env)).toBe(tmpdir())
})
