import { expect, it } from 'vitest'
import { parseVolumes } from '../../src/volumes/volume-objects.js'

const toBytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))

it('reads volumes with and without `configuration`', () => {
  const flat = { name: 'data', labels: {}, createdAt: '2026-08-01T00:00:00Z' }
  const nested = { id: 'data', configuration: { name: 'data', labels: {}, creationDate: '2026-08-01T00:00:00Z' } }
  const [one, other] = parseVolumes('list', toBytes([flat, nested]))
  expect(one).toEqual(other)
})
