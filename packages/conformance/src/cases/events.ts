import {
  containerControlCapability,
  type EventOptions,
  eventStreamCapability,
  imageBuilderCapability,
  networkManagerCapability,
  type RuntimeEvent,
  volumeManagerCapability,
} from '@capstan/core'
import { expect, expectDefined, expectEqual, toIds } from '../assert/expect.js'
import { expectHostError, expectReason } from '../assert/expect-rejection.js'
import { within } from '../assert/wait.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { createContainer, startContainer } from '../steps/containers.js'
import { readEvents, readEventsOf, subscribe, toActions } from '../steps/events.js'
import { buildImage } from '../steps/images.js'

export const eventCases: readonly ConformanceCase[] = defineCases(eventStreamCapability, {
  'EVT-001': {
    title:
      'events yields created, started, exited with the exit code and removed, also those before the iteration began',
    requiredOptions: ['name', 'labels'],
    run: async (context) => {
      const { runtime, programs, image, signal } = context
      const events = await subscribe(context)
      const name = context.uniqueName('events')
      const labels = { 'conformance.case': name, 'conformance.words': 'one two, three' }
      const id = await startContainer(context, { name, labels, command: programs.exit(7) })
      await runtime.waitContainer(id, { signal })
      await runtime.removeContainer(id, { signal })
      const seen = await readEventsOf(events, { kind: 'container', id }, 'removed')
      expectEqual(toActions(seen), ['created', 'started', 'exited', 'removed'], 'the actions')
      for (const event of seen) {
        if (event.kind !== 'container') continue
        expectEqual({ name: event.name, image: event.image }, { name, image }, `the facts of "${event.action}"`)
        const kept = Object.fromEntries(Object.entries(event.labels).filter(([key]) => key in labels))
        expectEqual(kept, labels, `the labels of "${event.action}"`)
        if (event.action === 'exited') expectEqual(event.exitCode, 7, 'the exit code')
      }
      const times = seen.map(({ timestamp }) => timestamp)
      expect(times.every(isTimestamp), 'RFC 3339 times with nanoseconds, in UTC', times)
      expectEqual(times, times.toSorted(), 'the times in ascending order')
    },
  },
  'EVT-002': {
    title: 'a container that is created during or after the call is in a list that follows the call, or in the events',
    run: async (context) => {
      const create = () => createContainer(context, { command: context.programs.exit(0) })
      const during = [create(), create()]
      const events = await subscribe(context, { kinds: ['container'] })
      const [listed, ...ids] = await Promise.all([
        context.runtime.listContainers({ signal: context.signal }),
        ...during,
        create(),
        create(),
      ])
      const missing = new Set(ids.filter((id) => !toIds(listed).includes(id)))
      const isWanted = (event: RuntimeEvent) => {
        return event.kind === 'container' && event.action === 'created' && missing.delete(event.id)
      }
      if (missing.size > 0) await readEvents(events, { isWanted, isLast: () => missing.size === 0 })
    },
  },
  'EVT-003': {
    title: 'events with since and a past until yields the events between both times, including these, and ends',
    run: async (context) => {
      const { runtime, signal } = context
      const events = await subscribe(context)
      const id = await createContainer(context, { command: context.programs.exit(0) })
      await runtime.removeContainer(id, { signal })
      const [first, last] = await readEventsOf(events, { kind: 'container', id }, 'removed')
      const since = expectDefined(first, 'an event').timestamp
      const until = expectDefined(last, 'a second event').timestamp
      const expected: Record<string, { options: EventOptions; actions: readonly string[] }> = {
        both: { options: { since, until }, actions: ['created', 'removed'] },
        'the second': { options: { since: until, until }, actions: ['removed'] },
        'the first': { options: { since: new Date(Date.parse(since) - 1), until: since }, actions: ['created'] },
      }
      for (const [which, { options, actions }] of Object.entries(expected)) {
        const seen: RuntimeEvent[] = []
        const read = async () => {
          for await (const event of await subscribe(context, options)) seen.push(event)
        }
        await within(10_000, `the end of the events up to ${options.until}`, read())
        const own = seen.filter((event) => event.kind === 'container' && event.id === id)
        expectEqual(toActions(own), actions, `the actions of ${which}`)
      }
    },
  },
  'EVT-004': {
    title: 'events with labels yields only events of containers with all of these labels',
    requiredOptions: ['labels'],
    run: async (context) => {
      const name = context.uniqueName('labelled')
      const labels = { 'conformance.case': name, 'conformance.kind': 'a' }
      const events = await subscribe(context, { labels })
      const command = context.programs.exit(0)
      await createContainer(context, { command, labels: { ...labels, 'conformance.kind': 'b' } })
      const id = await createContainer(context, { command, labels })
      await context.runtime.removeContainer(id)
      const seen = await readEvents(events, { isWanted: () => true, isLast: ({ action }) => action === 'removed' })
      expectEqual(toActions(seen), ['created', 'removed'], 'the actions')
      expectEqual(
        seen.map((event) => (event.kind === 'container' ? event.id : event.kind)),
        [id, id],
        'the ids',
      )
    },
  },
  'EVT-005': {
    title: 'events of networks are created, connected, disconnected and removed, with the container',
    needs: [networkManagerCapability],
    requiredOptions: ['network', 'event.networks'],
    run: async (context) => {
      const networks = context.require(networkManagerCapability)
      const events = await subscribe(context, { kinds: ['network'] })
      const name = context.uniqueName('net')
      const networkId = await networks.createNetwork(name)
      context.defer(`network ${name}`, (options) => networks.removeNetwork(networkId, options))
      const network = { mode: 'networks', networks: [{ networkId }] } as const
      const id = await startContainer(context, { network, command: context.programs.sleep(60) })
      await context.runtime.removeContainer(id)
      await networks.removeNetwork(networkId)
      const seen = await readEventsOf(events, { kind: 'network', id: networkId }, 'removed')
      // Docker 20.10 reports some of them twice.
      const actions = [...new Set(toActions(seen))]
      expectEqual(actions, ['created', 'connected', 'disconnected', 'removed'], 'the actions')
      for (const event of seen) {
        if (event.kind !== 'network') continue
        expectEqual(event.name, name, `the name of "${event.action}"`)
        if ('containerId' in event) expectEqual(event.containerId, id, `the container of "${event.action}"`)
      }
    },
  },
  'EVT-006': {
    title: 'events of an image are untagged and removed when its last tag is removed',
    needs: [imageBuilderCapability],
    requiredOptions: ['event.images'],
    run: async (context) => {
      const { runtime, signal } = context
      const image = await buildImage(
        context,
        `FROM ${context.image}\nENV CONFORMANCE_EVENTS=${context.uniqueName('e')}\n`,
      )
      const listed = await runtime.listImages({ signal })
      const { id } = expectDefined(
        listed.find(({ tags }) => tags.includes(image)),
        `the image "${image}" in the list`,
      )
      const events = await subscribe(context, { kinds: ['image'] })
      await runtime.removeImage(image, { signal })
      const seen = await readEvents(events, {
        isWanted: (event) => event.kind === 'image' && event.id === id,
        isLast: ({ action }) => action === 'removed',
      })
      // The tag of the build, before the call, may be reported too.
      const actions = new Set(toActions(seen).filter((action) => action !== 'tagged'))
      expectEqual([...actions], ['untagged', 'removed'], 'the actions')
    },
  },
  'EVT-007': {
    title: 'events of volumes are created and removed, with the name',
    needs: [volumeManagerCapability],
    requiredOptions: ['event.volumes'],
    run: async (context) => {
      const volumes = context.require(volumeManagerCapability)
      const events = await subscribe(context, { kinds: ['volume'] })
      const name = context.uniqueName('volume')
      await volumes.createVolume(name)
      context.defer(`volume ${name}`, (options) => volumes.removeVolume(name, options))
      await volumes.removeVolume(name)
      const seen = await readEventsOf(events, { kind: 'volume', id: name }, 'removed')
      expectEqual(toActions(seen), ['created', 'removed'], 'the actions')
    },
  },
  'EVT-008': {
    title: 'a subscription rejects with the reason of an abort, ends when it is disposed, and rejects after close',
    run: async (context) => {
      const controller = new AbortController()
      const aborted = await subscribe(context, { signal: controller.signal })
      const reason = new Error('seen enough')
      const next = expectReason(reason, () => readEvents(aborted, { isWanted: isNever, isLast: isNever }))
      controller.abort(reason)
      await next
      const events = context.require(eventStreamCapability)
      await expectReason(reason, () => events.events({ signal: controller.signal }))
      const disposed = await subscribe(context)
      const reading = (async () => {
        for await (const _ of disposed);
      })()
      await disposed[Symbol.asyncDispose]()
      await within(5000, 'the end of the iteration after the disposal', reading)
      const other = await context.open()
      const closed = await context.require(eventStreamCapability, other).events()
      const rejected = expectHostError('RUNTIME_UNAVAILABLE', () =>
        readEvents(closed, { isWanted: isNever, isLast: isNever }),
      )
      await other.runtime.close()
      await rejected
    },
  },
  'EVT-009': {
    title: 'events rejects with INVALID_ARGUMENT and the field for an invalid time, kind or label',
    run: async (context) => {
      const events = context.require(eventStreamCapability)
      const invalid: Record<string, EventOptions> = {
        since: { since: 'yesterday' },
        until: { since: new Date(1), until: new Date(0) },
        'kinds[0]': { kinds: ['pod' as 'image'] },
        labels: { kinds: ['volume'], labels: { app: 'web' } },
      }
      for (const [field, options] of Object.entries(invalid)) {
        await expectHostError('INVALID_ARGUMENT', () => events.events(options), { field })
      }
    },
  },
  'EVT-010': {
    title: 'events of a container are paused, unpaused, and renamed with the new name',
    needs: [containerControlCapability],
    requiredOptions: ['container-control.pause', 'container-control.rename'],
    run: async (context) => {
      const control = context.require(containerControlCapability)
      const events = await subscribe(context, { kinds: ['container'] })
      const id = await startContainer(context, { command: context.programs.sleep(60) })
      const name = context.uniqueName('renamed')
      await control.pauseContainer(id)
      await control.unpauseContainer(id)
      await control.renameContainer(id, name)
      const seen = await readEventsOf(events, { kind: 'container', id }, 'renamed')
      expectEqual(toActions(seen), ['created', 'started', 'paused', 'unpaused', 'renamed'], 'the actions')
      const last = seen.at(-1)
      expectEqual(last?.kind === 'container' ? last.name : undefined, name, 'the name of "renamed"')
    },
  },
  'EVT-011': {
    title: 'an event of a container has its health after the first check',
    requiredOptions: ['healthcheck', 'event.health'],
    run: async (context) => {
      const events = await subscribe(context, { kinds: ['container'] })
      const healthcheck = { command: context.programs.exit(0), intervalMs: 200 }
      const id = await startContainer(context, { healthcheck, command: context.programs.sleep(60) })
      const seen = await readEventsOf(events, { kind: 'container', id }, 'health')
      const last = seen.at(-1)
      expectEqual(last?.action === 'health' ? last.health : undefined, 'healthy', 'the health')
    },
  },
})

function isTimestamp(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/.test(text)
}

function isNever(): boolean {
  return false
}
