import { describe, expect, it } from 'vitest'
import { toLabelOverride } from '../../src/project/label-override.js'
import { parseProjectModel } from '../../src/project/project-model.js'

const model = parseProjectModel(
  JSON.stringify({
    name: 'shop',
    services: { db: { image: 'x' }, web: { build: { context: '/web' } } },
    networks: { default: { name: 'shop_default' }, shared: { name: 'shared', external: true } },
    volumes: { data: { name: 'shop_data' } },
  }),
)
const none = { containers: [], networks: [], volumes: [] }
const own = { ownerLabels: { 'capstan.owner.instance': 'own' }, labels: {} }

const container = (labels: Record<string, string>) => {
  return { id: 'c', name: 'shop-db-1', image: 'x', state: 'running', createdAt: undefined, labels } as const
}
const volume = (labels: Record<string, string>) => {
  return { name: 'shop_data', createdAt: undefined, mountpoint: undefined, labels }
}
const toOverride = (...args: Parameters<typeof toLabelOverride>) => JSON.parse(toLabelOverride(...args) ?? 'null')
const labelsOf = (kind: string, instance: string, lifetime = 'owner') => {
  return { 'capstan.owner.instance': instance, 'capstan.object': kind, 'capstan.lifetime': lifetime }
}

describe('toLabelOverride', () => {
  it('labels containers, networks, volumes and the images that are built, and nothing external', () => {
    expect(toOverride(model, none, own)).toEqual({
      services: {
        db: { labels: labelsOf('container', 'own') },
        web: {
          labels: labelsOf('container', 'own'),
          build: { labels: { ...labelsOf('image', 'own'), 'capstan.object': expect.stringMatching(/^image\./) } },
        },
      },
      networks: { default: { labels: labelsOf('network', 'own') } },
      volumes: { data: { labels: labelsOf('volume', 'own') } },
    })
  })

  it('is undefined for a project that another program has created', () => {
    const existing = { ...none, containers: [container({ 'com.docker.compose.project': 'shop' })] }
    expect(toLabelOverride(model, existing, own)).toBeUndefined()
  })

  it('adds only the labels of the caller to such a project', () => {
    const existing = { ...none, containers: [container({})] }
    const labels = { team: 'a', 'capstan.lifetime': 'lease' }
    expect(toOverride(model, existing, { ...own, labels }).services.db.labels).toEqual({ team: 'a' })
  })

  it('is undefined for a persistent project without other labels, new or of another program', () => {
    const persistent = { ...own, labels: { 'capstan.lifetime': 'persistent' } }
    expect(toLabelOverride(model, none, persistent)).toBeUndefined()
    expect(toLabelOverride(model, { ...none, containers: [container({})] }, persistent)).toBeUndefined()
  })

  it('labels a persistent project with other labels', () => {
    const labels = { team: 'a', 'capstan.lifetime': 'persistent' }
    const expected = { team: 'a', ...labelsOf('container', 'own', 'persistent') }
    expect(toOverride(model, none, { ...own, labels }).services.db.labels).toEqual(expected)
  })

  it('keeps the labels of existing objects when a persistent project is given', () => {
    const persistent = { ...own, labels: { 'capstan.lifetime': 'persistent' } }
    const existing = { ...none, containers: [container(labelsOf('container', 'other'))] }
    expect(toOverride(model, existing, persistent).services.db.labels).toEqual(labelsOf('container', 'other'))
    const labels = { ...labelsOf('volume', 'other'), 'com.docker.compose.volume': 'data' }
    const { services, networks, volumes } = toOverride(model, { ...none, volumes: [volume(labels)] }, persistent)
    expect(volumes.data.labels).toEqual(labelsOf('volume', 'other'))
    expect([services.db.labels, networks.default.labels]).toEqual([{}, {}])
  })

  it('keeps the owner and the lifetime of a project that exists', () => {
    const existing = { ...none, containers: [container(labelsOf('container', 'other', 'persistent'))] }
    const { services, networks } = toOverride(model, existing, { ...own, labels: { 'capstan.lifetime': 'lease' } })
    expect(services.db.labels).toEqual(labelsOf('container', 'other', 'persistent'))
    expect(networks.default.labels).toEqual(labelsOf('network', 'other', 'persistent'))
  })

  it('keeps the owner of a volume whose project is gone', () => {
    const labels = { ...labelsOf('volume', 'other'), 'com.docker.compose.volume': 'data' }
    const { services, volumes } = toOverride(model, { ...none, volumes: [volume(labels)] }, own)
    expect(volumes.data.labels).toEqual(labelsOf('volume', 'other'))
    expect(services.db.labels).toEqual(labelsOf('container', 'own'))
  })
})
