import { expect, test } from 'vitest'
import { parseLookup } from '../src/lookup-script.js'

test('reads the addresses that getent or nslookup prints, without that of the name server', () => {
  expect(parseLookup('192.168.65.254  STREAM host\r\n192.168.65.254  DGRAM\r\nfd00::1 STREAM\r\n')).toEqual([
    '192.168.65.254',
    'fd00::1',
  ])
  const busybox = 'Server:\t\t127.0.0.11\nAddress:\t10.9.9.9:53\n\nName:\tproxy\nAddress: 172.18.0.2\n'
  expect(parseLookup(busybox)).toEqual(['172.18.0.2'])
  expect(
    parseLookup('Server: 10.0.0.2\nAddress 1: 10.0.0.2\n\nName: proxy\nAddress 1: 172.18.0.2 proxy.net\n'),
  ).toEqual(['172.18.0.2'])
  expect(parseLookup("** server can't find proxy: NXDOMAIN\n")).toEqual([])
})
