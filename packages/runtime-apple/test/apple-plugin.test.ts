import { expect, test } from 'vitest'
import { applePlugin } from '../src/index.js'

test.each([
  [{ comand: '/usr/local/bin/container' }, 'comand'],
  [{ platform: { os: 'darwin', cpu: 'arm64' } }, 'platform.cpu'],
  [{ system: 'started' }, 'system'],
  [{ networks: true }, 'networks'],
  [{ networks: 'on' }, 'networks'],
])('rejects %j with INVALID_ARGUMENT for %s', (options, field) => {
  const facts = expect.objectContaining({ field })
  expect(() => applePlugin(options as object)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', facts }))
})
