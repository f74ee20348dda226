import { expect, it } from 'vitest'
import type { BuildRequest } from '../../src/build/build-request.js'
import { toSolveRequest } from '../../src/build/solve-request.js'

const toAttributes = (request: Partial<BuildRequest>) =>
  toSolveRequest(
    { context: { files: {} }, output: { type: 'cache-only' }, ...request },
    { ref: 'ref', session: 'session', kind: 'engine', caches: { imports: [], exports: [] } },
  ).FrontendAttrs

it('sends the network and the host names of the steps', () => {
  const extraHosts = { db: '10.0.0.1', v6: '::1' }
  expect(toAttributes({ network: 'none', extraHosts })).toMatchObject({
    'force-network-mode': 'none',
    'add-hosts': 'db=10.0.0.1,v6=::1',
  })
  const without = toAttributes({ extraHosts: {} })
  expect(without).not.toHaveProperty('add-hosts')
  expect(without).not.toHaveProperty('force-network-mode')
})

it('sends the stages whose steps run again, or an empty text for all', () => {
  expect(toAttributes({ noCacheStages: ['a', 'b'] })).toMatchObject({ 'no-cache': 'a,b' })
  expect(toAttributes({ noCache: true, noCacheStages: ['a'] })).toMatchObject({ 'no-cache': '' })
  expect(toAttributes({ noCacheStages: [] })).not.toHaveProperty('no-cache')
})
