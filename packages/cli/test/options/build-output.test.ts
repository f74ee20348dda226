import { describe, expect, it } from 'vitest'
import { chooseOutput, parseBuildOutput } from '../../src/options/build-output.js'

describe('--output', () => {
  it.each([
    ['load', { type: 'load' }],
    ['push', { type: 'push' }],
    ['cache-only', { type: 'cache-only' }],
    ['type=cacheonly', { type: 'cache-only' }],
    ['out', { type: 'directory', directory: 'out' }],
    ['./load', { type: 'directory', directory: './load' }],
    ['type=local,dest=out', { type: 'directory', directory: 'out' }],
    ['-', { type: 'archive', format: 'files', file: '-' }],
    ['type=tar,dest=-', { type: 'archive', format: 'files', file: '-' }],
    ['dest=a,type=files', { type: 'archive', format: 'files', file: 'a' }],
    ['type=oci,dest=a.tar', { type: 'archive', format: 'oci', file: 'a.tar' }],
    ['type=docker,dest=a.tar,name=b', { type: 'archive', format: 'docker', file: 'a.tar', names: ['b'] }],
    ['type=docker', { type: 'load' }],
    ['type=image', { type: 'load' }],
    ['type=image,name=a:1,push=true', { type: 'push', names: ['a:1'] }],
    ['type=image,"name=a,b",push=false', { type: 'load', names: ['a', 'b'] }],
    ['type=registry', { type: 'push' }],
  ])('reads %s', (text, output) => expect(parseBuildOutput(text)).toEqual(output))

  it.each([
    ...['', 'type=', 'type=disk', 'type=oci', 'type=tar', 'type=local', 'type=local,dest=', 'type=registry,dest=a'],
    ...['type=oci,dest=a,compression=best', 'type=image,push=yes', 'type=tar,dest=a,name=b', 'out,more'],
  ])('rejects %j', (text) => {
    expect(() => parseBuildOutput(text)).toThrow(/--output must be a directory, .*type=local/)
  })
})

describe('--push, --load and --output', () => {
  it('load the image by default', () => expect(chooseOutput({})).toEqual({ type: 'load' }))

  it('select one output', () => {
    expect(chooseOutput({ push: true })).toEqual({ type: 'push' })
    expect(chooseOutput({ load: true })).toEqual({ type: 'load' })
    expect(chooseOutput({ output: ['out'] })).toEqual({ type: 'directory', directory: 'out' })
  })

  it('are rejected together', () => {
    expect(() => chooseOutput({ output: ['out'], push: true })).toThrow('--output must be one output, not "out push"')
    expect(() => chooseOutput({ output: ['a', 'b'] })).toThrow('--output must be one output')
  })
})
