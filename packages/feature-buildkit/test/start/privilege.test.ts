import type { RefusableField, RuntimeScope } from '@capstan/core'
import { describe, expect, it } from 'vitest'
import { BuildKitFeature, type BuildKitOptions } from '../../src/index.js'
import { openWithStandIn } from '../support/stand-in.js'

const start = (scope: RuntimeScope, options: BuildKitOptions = {}) =>
  scope.resolve(BuildKitFeature).start({ graceMs: 1, ...options })

describe('the ladder of privilege', () => {
  it.each<{ refuses: readonly RefusableField[]; rung: string }>([
    { refuses: [], rung: 'privileged' },
    { refuses: ['privileged'], rung: 'added-capabilities' },
    { refuses: ['privileged', 'securityOptions'], rung: 'all-capabilities' },
    { refuses: ['privileged', 'capAdd'], rung: 'rootless' },
  ])('stands on $rung where $refuses is refused, and builds there', async ({ refuses, rung }) => {
    await using scope = await openWithStandIn({ refuses })
    await using sidecar = await start(scope)
    expect(sidecar.privilege).toBe(rung)
    const context = { files: { Dockerfile: 'FROM scratch\n' } }
    const { builder } = await sidecar.build({ context, output: { type: 'cache-only' } }).result
    expect(builder).toBe('buildkit')
  })

  it('says so when no rung is left for the image', async () => {
    await using scope = await openWithStandIn({ refuses: ['privileged', 'capAdd'] })
    await expect(start(scope, { image: 'buildkit:other' })).rejects.toMatchObject({
      code: 'OPTION_UNSUPPORTED',
      facts: { field: 'privileged' },
    })
    await using sidecar = await start(scope, { image: 'buildkit:other', rootlessImage: 'buildkit:other' })
    expect(sidecar.privilege).toBe('rootless')
  })

  it('is told by the one who made the sidecar to those who join', async () => {
    await using scope = await openWithStandIn({ refuses: ['privileged'] })
    await using first = await start(scope)
    await using second = await start(scope)
    expect([first.privilege, second.privilege]).toEqual(['added-capabilities', 'added-capabilities'])
  })
})
