import { describe, expect, it } from 'vitest'
import { chooseOutput, parseBuildOutput } from '../../src/options/build-output.js'

describe('--output', () => {
  it.each([
    ['load', { type: 'load', tags: [] }],
    ['push', { type: 'push', tags: [] }],
    ['cache-only', { type: 'cache-only' }],
    ['type=cacheonly', { type: 'cache-only' }],
    ['out', { type: 'directory', to: 'out' }],
    ['./load', { type: 'directory', to: './load' }],
    ['type=local,dest=out', { type: 'directory', to: 'out' }],
    ['-', { type: 'archive', format: 'files', to: '-' }],
    ['type=tar,dest=-', { type: 'archive', format: 'files', to: '-' }],
    ['dest=a,type=files', { type: 'archive', format: 'files', to: 'a' }],
    ['type=oci,dest=a.tar', { type: 'archive', format: 'oci', to: 'a.tar', tags: [] }],
    ['type=docker,dest=a.tar,name=b', { type: 'archive', format: 'docker', to: 'a.tar', tags: ['b'] }],
    ['type=docker', { type: 'load', tags: [] }],
    ['type=image', { type: 'load', tags: [] }],
    ['type=image,name=a:1,push=true', { type: 'push', tags: ['a:1'] }],
    ['type=image,"name=a,b",push=false', { type: 'load', tags: ['a', 'b'] }],
    ['type=registry', { type: 'push', tags: [] }],
    ['type=registry,registry.insecure=true', { type: 'push', tags: [], insecure: true }],
  ])('reads %s', (text, output) => expect(parseBuildOutput(text)).toEqual(output))

  it.each([
    ...['', 'type=', 'type=disk', 'type=oci', 'type=tar', 'type=local', 'type=local,dest=', 'type=registry,dest=a'],
    ...['type=oci,dest=a,compression=best', 'type=image,push=yes', 'type=tar,dest=a,name=b', 'out,more'],
    ...['type=docker,registry.insecure=true', 'type=registry,registry.insecure=yes'],
  ])('rejects %j', (text) => {
    expect(() => parseBuildOutput(text)).toThrow(/--output must be a directory, .*type=local/)
  })
})

describe('--push, --load and --output', () => {
  it('load the image by default', () => expect(chooseOutput({})).toEqual({ type: 'load', tags: [] }))

  it('select one output', () => {
    expect(chooseOutput({ push: true })).toEqual({ type: 'push', tags: [] })
    expect(chooseOutput({ load: true })).toEqual({ type: 'load', tags: [] })
    expect(chooseOutput({ output: ['out'] })).toEqual({ type: 'directory', to: 'out' })
  })

  it('have the names of --tag before those of the output, if the result is an image', () => {
    const tag = ['a', 'b']
    expect(chooseOutput({ tag })).toEqual({ type: 'load', tags: ['a', 'b'] })
    expect(chooseOutput({ tag, output: ['type=image,name=c,push=true'] })).toEqual({
      type: 'push',
      tags: ['a', 'b', 'c'],
    })
    expect(chooseOutput({ tag, output: ['out'] })).toEqual({ type: 'directory', to: 'out' })
  })

  it('are rejected together', () => {
    expect(() => chooseOutput({ output: ['out'], push: true })).toThrow('--output must be one output, not "out push"')
    expect(() => chooseOutput({ output: ['a', 'b'] })).toThrow('--output must be one output')
  })
})
