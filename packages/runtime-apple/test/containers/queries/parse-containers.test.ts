import { expect, it } from 'vitest'
import { parseContainers } from '../../../src/containers/queries/parse-containers.js'

const toBytes = (value: unknown) => Buffer.from(JSON.stringify(value))

const configuration = {
  id: 'web',
  image: { reference: 'docker.io/library/nginx:latest', descriptor: { digest: 'sha256:1f2e3d' } },
  initProcess: { executable: '/entry', arguments: ['nginx', '-g'], terminal: true },
  mounts: [
    { type: { virtiofs: {} }, source: '/Users/me/src', destination: '/src', options: ['ro'] },
    { type: { volume: { name: 'data', format: 'ext4' } }, source: '/x/volume.img', destination: '/data', options: [] },
  ],
  publishedPorts: [{ hostAddress: '127.0.0.1', hostPort: 8080, containerPort: 80, proto: 'tcp', count: 2 }],
  labels: { k: 'v' },
  networks: [{ network: 'default', options: { hostname: 'web' } }],
  capAdd: ['NET_ADMIN'],
}
const shared = {
  id: 'web',
  image: 'docker.io/library/nginx:latest',
  imageId: 'sha256:1f2e3d',
  command: ['/entry', 'nginx', '-g'],
  hasTerminal: true,
  labels: { k: 'v' },
  networks: ['default'],
  volumes: ['data'],
  ports: [
    { hostAddress: '127.0.0.1', hostPort: 8080, containerPort: 80, protocol: 'tcp' },
    { hostAddress: '127.0.0.1', hostPort: 8081, containerPort: 81, protocol: 'tcp' },
  ],
}

it('reads the output of 1.x and ignores unknown fields', () => {
  const printed = {
    id: 'web',
    configuration: { ...configuration, creationDate: '2026-08-07T22:17:50Z', somethingNew: [1] },
    status: {
      state: 'running',
      startedDate: '2026-08-07T22:17:54Z',
      networks: [{ network: 'default', ipv4Address: '192.168.64.3/24', ipv4Gateway: '192.168.64.1' }],
    },
  }
  expect(parseContainers('list', toBytes([printed]))).toMatchObject([
    {
      ...shared,
      state: 'running',
      createdAt: new Date('2026-08-07T22:17:50Z'),
      startedAt: new Date('2026-08-07T22:17:54Z'),
      attachments: [{ network: 'default', address: '192.168.64.3', gateway: '192.168.64.1' }],
      capAdd: ['NET_ADMIN'],
    },
  ])
})

it('reads the output of 0.9, with dates in seconds since 2001', () => {
  const networks = [{ network: 'default', ipv4Address: '192.168.64.3/24', ipv4Gateway: '192.168.64.1' }]
  const printed = { status: 'running', configuration, networks, startedDate: 788_918_400.5 }
  expect(parseContainers('list', toBytes([printed]))).toMatchObject([
    {
      ...shared,
      state: 'running',
      createdAt: undefined,
      startedAt: new Date('2026-01-01T00:00:00.500Z'),
      attachments: [{ network: 'default', address: '192.168.64.3', gateway: '192.168.64.1' }],
    },
  ])
})

it('reads the output of 0.6, whose address fields have other names', () => {
  const networks = [{ network: 'default', hostname: 'web', address: '192.168.64.3/24', gateway: '192.168.64.1' }]
  const printed = { status: 'stopped', configuration, networks }
  expect(parseContainers('list', toBytes([printed]))).toMatchObject([
    {
      ...shared,
      state: 'stopped',
      startedAt: undefined,
      attachments: [{ address: '192.168.64.3', gateway: '192.168.64.1' }],
    },
  ])
})

it('reads an unknown state as `unknown`', () => {
  const printed = { configuration, status: { state: 'hibernating', networks: [] } }
  expect(parseContainers('list', toBytes([printed]))[0]?.state).toBe('unknown')
})

it.each(['initProcess', 'image'])('shows at most 500 bytes of an output without %s', (field) => {
  const printed = [
    { configuration: { ...configuration, [field]: undefined, padding: 'x'.repeat(1000) }, status: 'running' },
  ]
  expect(() => parseContainers('inspect', toBytes(printed))).toThrow(
    expect.objectContaining({
      code: 'PROTOCOL_ERROR',
      facts: { operation: 'inspect', excerpt: JSON.stringify(printed).slice(0, 500) },
    }),
  )
})
