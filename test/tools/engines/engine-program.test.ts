import { expect, test } from 'vitest'
import { matrixEngines } from '../../../tools/engines/engine-matrix.mjs'
import { toDaemonConfig } from '../../../tools/engines/engine-program.mjs'

const files = { store: '/data/store', socket: '/run/engine.sock', certificates: '/data/certificates', runc: undefined }

test('every engine of Docker gets a socket, a data folder and a cgroup, and keeps the default bridge', () => {
  for (const engine of matrixEngines.filter(({ product }) => product === 'docker')) {
    const config = toDaemonConfig(engine, files)
    expect(config).toMatchObject({
      hosts: ['unix:///run/engine.sock', ...(engine.tls ? ['tcp://0.0.0.0:2376'] : [])],
      'data-root': '/data/store/data',
      'cgroup-parent': `/capstan-engine-${engine.name}`,
    })
    expect(config).not.toHaveProperty('bridge')
  }
})

test('a wrapper of runc becomes the default runtime', () => {
  const engine = { name: 'x', product: 'docker', suite: 'bookworm', version: '20.10.' } as const
  expect(toDaemonConfig(engine, { ...files, runc: '/data/runc' })).toMatchObject({
    runtimes: { 'capstan-runc': { path: '/data/runc' } },
    'default-runtime': 'capstan-runc',
  })
})

test('an engine with TLS verifies its clients', () => {
  const engine = { name: 'x', product: 'docker', suite: 'bookworm', version: '20.10.', tls: true } as const
  expect(toDaemonConfig(engine, files)).toMatchObject({
    hosts: ['unix:///run/engine.sock', 'tcp://0.0.0.0:2376'],
    tlsverify: true,
    tlscacert: '/data/certificates/ca.pem',
  })
})
