import { expect, test } from 'vitest'
import { toEngineConfig } from '../../../tools/engine/engine-config.mjs'

const host = 'unix:///var/run/docker.sock'

test('a machine without peculiarities needs the endpoint only', () => {
  expect(toEngineConfig({}, { host })).toEqual({ hosts: [host] })
})

test("the machine's own configuration is kept, and the stand-in for runc becomes the default beside its runtimes", () => {
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
