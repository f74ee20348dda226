import { describe, expect, it } from 'vitest'
import { parseSshTarget, toSshArguments, toSshText } from '../../src/ssh/ssh-target.js'

describe('the target of an endpoint over ssh', () => {
  const none = { user: undefined, port: undefined, socketPath: undefined }

  it.each([
    ['build', { ...none, host: 'build' }],
    ['ann@build.example', { ...none, user: 'ann', host: 'build.example' }],
    ['build:2222/', { ...none, host: 'build', port: 2222 }],
    [
      'ann@[::1]:22/run/user/1000/docker.sock',
      { user: 'ann', host: '::1', port: 22, socketPath: '/run/user/1000/docker.sock' },
    ],
    ["build/run/it's $(here).sock", undefined],
    ["build/run/it's-$(here).sock", { ...none, host: 'build', socketPath: "/run/it's-$(here).sock" }],
  ])('is read from %j', (text, target) => expect(parseSshTarget(text)).toEqual(target))

  it.each([
    '',
    'ann@',
    '-oProxyCommand=id',
    '-l@build',
    'ann:word@build',
    'build:99999',
    'build:',
    'a b',
    'build?x',
    'build/a:b',
  ])('is not %j', (text) => expect(parseSshTarget(text)).toBeUndefined())

  it('is the last argument of ssh, after its user and port', () => {
    const target = { user: 'ann', host: 'build', port: 2222, socketPath: undefined }
    expect(toSshArguments(target, ['-N']).slice(-7)).toEqual(['-N', '-l', 'ann', '-p', '2222', '--', 'build'])
    expect(toSshText(target)).toBe('-p 2222 ann@build')
  })
})
