import { expect, it } from 'vitest'
import { parseImages } from '../../src/images/parse-images.js'

const toBytes = (value: unknown) => Buffer.from(JSON.stringify(value))
const descriptor = { digest: 'sha256:1f2e3d', size: 10229 }
const attestation = { platform: { os: 'unknown', architecture: 'unknown' }, size: 1, config: {} }
const variant = {
  platform: { os: 'linux', architecture: 'arm64' },
  size: 68_123_456,
  config: {
    created: '2026-07-30T01:02:03.123Z',
    author: 'me',
    rootfs: { diff_ids: ['sha256:1'] },
    history: [
      { created: '2026-07-30T01:02:03Z', created_by: 'COPY', comment: 'why' },
      { created_by: 'ENV', empty_layer: true },
    ],
    config: { User: 'node', Env: ['PATH=/usr/bin', 'EMPTY='], Labels: { a: 'b' } },
  },
}
const told = {
  reference: 'docker.io/library/nginx:latest',
  id: 'sha256:1f2e3d',
  sizeBytes: 68_123_456,
  createdAt: new Date('2026-07-30T01:02:03.123Z'),
  config: expect.objectContaining({ env: { PATH: '/usr/bin', EMPTY: '' }, user: 'node', labels: { a: 'b' } }),
  details: {
    platform: 'linux/arm64',
    layers: ['sha256:1'],
    author: 'me',
    history: [
      { createdAt: new Date('2026-07-30T01:02:03Z'), createdBy: 'COPY', sizeBytes: undefined, comment: 'why' },
      { createdAt: undefined, createdBy: 'ENV', sizeBytes: 0, comment: '' },
    ],
  },
}

it('reads the output of 1.x and skips attestations', () => {
  const configuration = { name: told.reference, creationDate: '2026-08-01T00:00:00Z', descriptor }
  expect(parseImages('list', toBytes([{ id: '1f2e3d', configuration, variants: [attestation, variant] }]))).toEqual([
    told,
  ])
})

it('reads the output of `image inspect` before 1.0', () => {
  expect(parseImages('inspect', toBytes([{ name: told.reference, index: descriptor, variants: [variant] }]))).toEqual([
    told,
  ])
})

it('reads the output of `image list` before 1.0, which has no labels', () => {
  const listed = { reference: told.reference, descriptor, fullSize: '68 MB' }
  expect(parseImages('list', toBytes([listed]))).toMatchObject([
    { reference: told.reference, id: told.id, config: undefined },
  ])
})
