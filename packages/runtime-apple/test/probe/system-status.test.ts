import { expect, it } from 'vitest'
import { parseSystemStatus } from '../../src/probe/system-status.js'

const toBytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))

it('reads the status of a service that does not run', () => {
  const printed = { status: 'unregistered', apiServerVersion: '', appRoot: '' }
  expect(parseSystemStatus(toBytes(printed))).toMatchObject({ isRunning: false, version: undefined })
})

it('finds the version of the service in a sentence', () => {
  const printed = {
    status: 'running',
    apiServerVersion: 'container-apiserver version 1.2.2 (build: release, commit: 1)',
  }
  expect(parseSystemStatus(toBytes(printed))).toMatchObject({ isRunning: true, version: '1.2.2' })
})

it('reads the status of 1.4.1, with the version in `server` and the folder in `paths`', () => {
  const printed = {
    status: 'running',
    client: { version: '1.4.1' },
    server: { appName: 'container-apiserver', version: '1.2.0' },
    paths: { appRoot: '/app', installRoot: '/usr/local/' },
  }
  expect(parseSystemStatus(toBytes(printed))).toEqual({ isRunning: true, version: '1.2.0', appRoot: '/app' })
})

it('reads the status of 1.4.1 when the service does not run', () => {
  const stopped = { isRunning: false, version: undefined, appRoot: undefined }
  for (const more of [{}, { server: null, paths: null }, { server: {}, paths: {} }]) {
    expect(parseSystemStatus(toBytes({ status: 'unregistered', ...more }))).toEqual(stopped)
  }
})
