import { describe, expect, it } from 'vitest'
import {
  buildServiceCapability,
  type Capability,
  execManagerCapability,
  imageManagerCapability,
  imageTransferCapability,
  networkManagerCapability,
  runtimeCapability,
  sidecarManagerCapability,
  volumeManagerCapability,
} from '../../src/index.js'
import { builtInCapabilities, defineCapability, runtimeReportCapability } from '../../src/plugin.js'

describe('a capability', () => {
  const known: readonly (readonly [Capability<object>, string, string])[] = [
    [runtimeCapability, 'runtime', 'runtime'],
    [buildServiceCapability, 'build-service', 'BuildKit builds'],
    [networkManagerCapability, 'network-manager', 'networks'],
    [sidecarManagerCapability, 'sidecar-manager', 'sidecars'],
    [execManagerCapability, 'exec-manager', 'exec'],
    [imageTransferCapability, 'image-transfer', 'image transfer'],
    [imageManagerCapability, 'image-manager', 'image management'],
    [volumeManagerCapability, 'volume-manager', 'volumes'],
    [runtimeReportCapability, 'runtime-report', 'runtime report'],
  ]

  it.each(known)(
    'has a fixed id, title and token, by which other copies and versions of core recognize it',
    (...row) => {
      const [capability, id, title] = row
      const { options } = capability
      expect(capability).toEqual({ id, title, options, token: Symbol.for(`capstan/${id}@1`) })
    },
  )

  it('of a third party has the same token wherever it is defined', () => {
    const definition = { id: 'example.com/checkpoints', title: 'checkpoints' }
    expect(defineCapability(definition).token).toBe(defineCapability(definition).token)
  })

  it('of a third party declares options that begin with its id', () => {
    const options = { 'example.com/checkpoints.live': 'a checkpoint of a running container' }
    const definition = { id: 'example.com/checkpoints', title: 'checkpoints', options }
    expect(defineCapability(definition).options).toEqual(options)
  })

  it.each(['live', 'privileged', 'example.com/checkpoints', 'example.com/other.live'])(
    'of a third party throws for the option %j',
    (field) => {
      const definition = { id: 'example.com/checkpoints', title: 'checkpoints', options: { [field]: 'a thing' } }
      expect(() => defineCapability(definition)).toThrow(
        `the option "${field}" of capability "example.com/checkpoints" must begin with "example.com/checkpoints."`,
      )
    },
  )

  it('has a one-line description of each option', () => {
    const lines = builtInCapabilities.flatMap(({ options }) => Object.values<string>(options))
    expect(lines.length).toBeGreaterThan(50)
    expect(lines.filter((line) => !/^\S.{1,90}\S$/.test(line) || line.endsWith('.'))).toEqual([])
  })

  it('is frozen', () => {
    expect(Object.isFrozen(defineCapability({ id: 'x', title: 'x' }))).toBe(true)
  })
})
