import { expect, test } from 'vitest'
import { toEngineConfig } from '../../../tools/engine/engine-config.mjs'

const host = 'unix:///var/run/docker.sock'

test('a machine without restrictions needs only the endpoint', () => {
  expect(toEngineConfig({}, { host })).toEqual({ hosts: [host] })
})

test('the configuration of the machine is kept, and the wrapper of runc becomes the default runtime', () => {
  const own = {
    'registry-mirrors': ['https://mirror.example'],
    runtimes: { own: { path: '/own' } },
    hosts: ['tcp://0:1'],
  }
  expect(toEngineConfig(own, { host, runtime: '/wrapper', dataRoot: '/data' })).toEqual({
    'registry-mirrors': ['https://mirror.example'],
    hosts: [host],
    runtimes: { own: { path: '/own' }, 'capstan-runc': { path: '/wrapper' } },
    'default-runtime': 'capstan-runc',
    'data-root': '/data',
  })
})
