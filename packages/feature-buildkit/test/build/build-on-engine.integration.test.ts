import { describeWithEngine } from '../../../../test/support/test-engine.js'
import { openEngineBuilds } from '../build-suite/build-way.js'
import { describeBuilds } from '../build-suite/describe-builds.js'

describeWithEngine("the engine's own BuildKit", (engine) => {
  describeBuilds(() => openEngineBuilds(engine))
})
