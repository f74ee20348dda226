import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { toRuncWrapper } from '../../../tools/engine/runc-wrapper.mjs'

// `sed -z` is an option of GNU sed; the wrapper is used on Linux only.
describe.skipIf(process.platform !== 'linux')('the wrapper of runc', () => {
  let directory = ''
  let wrapper = ''

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "capstan it's "))
    wrapper = join(directory, 'wrapper')
    const runc = join(directory, 'runc')
    writeFileSync(runc, '#!/bin/sh\nprintf "[%s]" "$@"\n', { mode: 0o755 })
    writeFileSync(wrapper, toRuncWrapper({ runc, withheld: ['CAP_B', 'CAP_D'] }), { mode: 0o755 })
  })

  afterEach(() => rmSync(directory, { recursive: true }))

  test('removes only the withheld capabilities from the bundle of a new container', () => {
    writeFileSync(join(directory, 'config.json'), JSON.stringify(toProcess(['CAP_A', 'CAP_B', 'CAP_C', 'CAP_D'])))
    const output = execFileSync(wrapper, ['--root', '/r', 'create', '--bundle', directory, 'an id'], {
      encoding: 'utf8',
    })
    expect(output).toBe(`[--root][/r][create][--bundle][${directory}][an id]`)
    expect(readJson('config.json')).toEqual(toProcess(['CAP_A', 'CAP_C']))
  })

  test('removes them from the process file of exec', () => {
    writeFileSync(join(directory, 'process.json'), JSON.stringify(toProcess(['CAP_B', 'CAP_D'])))
    execFileSync(wrapper, ['exec', '--process', join(directory, 'process.json'), 'id'])
    expect(readJson('process.json')).toEqual(toProcess([]))
  })

  test('passes other calls on unchanged', () => {
    expect(execFileSync(wrapper, ['state', 'id'], { encoding: 'utf8' })).toBe('[state][id]')
  })

  function readJson(name: string): unknown {
    return JSON.parse(readFileSync(join(directory, name), 'utf8'))
  }
})

/** Contains the text of a capability and of the whole object in unrelated places. */
function toProcess(names: readonly string[]) {
  return {
    args: ['CAP_B', '"capabilities":{"bounding":["CAP_B"]}'],
    capabilities: { bounding: names, effective: names, permitted: names },
    env: ['CAP_D=CAP_D'],
  }
}
