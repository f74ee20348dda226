import { describe, expect, it } from 'vitest'
import {
  type Capability,
  defineCapability,
  execManagerCapability,
  imageTransferCapability,
  networkManagerCapability,
  runtimeCapability,
  runtimeReportCapability,
  sidecarManagerCapability,
  volumeManagerCapability,
} from '../../src/index.js'

describe('a capability', () => {
  const known: readonly (readonly [Capability<object>, string, string])[] = [
    [runtimeCapability, 'runtime', 'runtime'],
    [networkManagerCapability, 'network-manager', 'networks'],
    [sidecarManagerCapability, 'sidecar-manager', 'sidecars'],
    [execManagerCapability, 'exec-manager', 'exec'],
    [imageTransferCapability, 'image-transfer', 'image transfer'],
    [volumeManagerCapability, 'volume-manager', 'volumes'],
    [runtimeReportCapability, 'runtime-report', 'runtime report'],
  ]

  it.each(known)('keeps its id, title and token: other copies and versions of core know it by them', (...row) => {
    const [capability, id, title] = row
    expect(capability).toEqual({ id, title, token: Symbol.for(`capstan/${id}@1`) })
  })

  it('of a third party is the same wherever it is defined', () => {
    const definition = { id: 'example.com/checkpoints', title: 'checkpoints' }
    expect(defineCapability(definition).token).toBe(defineCapability(definition).token)
  })

  it('cannot be changed', () => {
    expect(Object.isFrozen(defineCapability({ id: 'x', title: 'x' }))).toBe(true)
  })
})
