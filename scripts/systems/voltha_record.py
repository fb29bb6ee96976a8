#!/usr/bin/env python3
"""Records what a VOLTHA answers, with grpcio and the message classes of the wheel `voltha-protos`: an
implementation of the wire contract that shares nothing with ours.

  voltha_record.py http://HOST:PORT OUT_DIR

One JSON file for each scenario. The server must be freshly started, with its default ONUs.
Ids differ from run to run, so they are written as <serial>. An exchange with "settled" was repeated until
the device was no longer activating.
"""
import json, os, sys, time
import grpc
from google.protobuf import empty_pb2
from google.protobuf.json_format import MessageToDict
from voltha_protos import common_pb2, device_pb2, voltha_pb2

DEVICE = ['id', 'type', 'root', 'parent_id', 'vendor', 'model', 'serial_number', 'mac_address', 'admin_state',
          'oper_status', 'connect_status', 'parent_port_no', 'host_and_port', 'reason', 'vendor_id']
PORT = ['port_no', 'label', 'type', 'admin_state', 'oper_status', 'device_id']
ANSWERS = {'GetVoltha': voltha_pb2.Voltha, 'ListDevices': device_pb2.Devices, 'GetDevice': device_pb2.Device,
           'ListDevicePorts': device_pb2.Ports, 'CreateDevice': device_pb2.Device}
ACTIVATING = common_pb2.OperStatus.ACTIVATING


class Recorder:
    def __init__(self, url):
        self.channel = grpc.insecure_channel(url.removeprefix('http://'))
        self.names = {}
        devices = self.devices()
        while any(d.oper_status == ACTIVATING for d in devices):     # the server has just started
            time.sleep(0.05)
            devices = self.devices()
        for device in devices:
            self.learn(device)

    def devices(self):
        return self.call('ListDevices', empty_pb2.Empty())[2].items

    def learn(self, device):
        self.names[device.id] = '<%s>' % device.serial_number
        if device.root and device.parent_id:
            self.names[device.parent_id] = '<logical:%s>' % device.serial_number

    def id(self, serial):
        return next((i for i, name in self.names.items() if name == '<%s>' % serial), serial)

    def call(self, method, request):
        answer = ANSWERS.get(method, empty_pb2.Empty)
        stub = self.channel.unary_unary('/voltha.VolthaService/' + method,
                                        request_serializer=lambda m: m.SerializeToString(),
                                        response_deserializer=answer.FromString)
        try:
            return 'OK', '', stub(request, timeout=10)
        except grpc.RpcError as e:
            return e.code().name, e.details(), None

    def normal(self, value):
        if isinstance(value, dict):
            return {k: self.normal(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.normal(v) for v in value]
        if isinstance(value, str):
            for id_, name in self.names.items():
                value = value.replace(id_, name)
        return value

    def fields(self, message):
        if message is None:
            return None
        found = MessageToDict(message, preserving_proto_field_name=True, use_integers_for_enums=True)
        if isinstance(message, voltha_pb2.Voltha):
            return {'version': '<version>'}
        if isinstance(message, device_pb2.Device):
            return {k: found[k] for k in DEVICE if k in found}
        if isinstance(message, device_pb2.Devices):
            return {'items': sorted((self.fields(d) for d in message.items), key=lambda d: d['serial_number'])}
        if isinstance(message, device_pb2.Ports):
            return {'items': [{k: p[k] for k in PORT if k in p} for p in found.get('items', [])]}
        return {}

    def exchange(self, method, request=None, settled=False):
        request = request if request is not None else empty_pb2.Empty()
        deadline = time.time() + 10
        while True:
            code, message, answer = self.call(method, request)
            if not settled or answer is None or answer.oper_status != ACTIVATING or time.time() > deadline:
                break
            time.sleep(0.02)
        if method == 'CreateDevice' and answer is not None:
            self.learn(answer)
        sent = MessageToDict(request, preserving_proto_field_name=True, use_integers_for_enums=True)
        out = {'method': method, 'request': self.normal(sent), 'code': code, 'message': self.normal(message)}
        if answer is not None:
            out['response'] = self.normal(self.fields(answer))
        if settled:
            out['settled'] = True
        return out

    def by_id(self, method, serial, settled=False):
        return self.exchange(method, common_pb2.ID(id=self.id(serial)), settled)


def scenarios(r):
    olt, onu, bad = 'BBSIM_OLT_0', 'ALCL12345678', 'FAIL00000001'
    yield 'inventory', [
        r.exchange('GetVoltha'), r.exchange('ListDevices'),
        r.by_id('GetDevice', olt), r.by_id('GetDevice', onu), r.by_id('GetDevice', 'BBSM00000001'),
        r.by_id('ListDevicePorts', olt), r.by_id('ListDevicePorts', onu), r.by_id('ListDevicePorts', 'BBSM00000001')]
    yield 'activation', [
        r.by_id('GetDevice', onu), r.by_id('EnableDevice', onu), r.by_id('GetDevice', onu),
        r.by_id('EnableDevice', onu), r.by_id('GetDevice', onu, settled=True), r.by_id('EnableDevice', onu),
        r.by_id('ListDevicePorts', onu), r.by_id('DisableDevice', onu), r.by_id('GetDevice', onu),
        r.by_id('DisableDevice', onu), r.by_id('GetDevice', onu), r.by_id('EnableDevice', onu),
        r.by_id('DisableDevice', onu), r.by_id('GetDevice', onu)]
    yield 'failure', [
        r.by_id('EnableDevice', bad), r.by_id('GetDevice', bad), r.by_id('GetDevice', bad, settled=True),
        r.by_id('EnableDevice', bad), r.by_id('GetDevice', bad), r.by_id('DisableDevice', bad), r.by_id('GetDevice', bad)]
    new = device_pb2.Device(type='openolt', serial_number='CREATED00001', host_and_port='127.0.0.1:50061')
    unknown = [r.by_id(m, 'no-such-id') for m in ('GetDevice', 'ListDevicePorts', 'EnableDevice', 'DisableDevice', 'DeleteDevice')]
    yield 'refusals', unknown + [
        r.exchange('CreateDevice', device_pb2.Device(type='openolt')), r.exchange('CreateDevice', new),
        r.by_id('DisableDevice', 'CREATED00001'), r.by_id('ListDevicePorts', 'CREATED00001'),
        r.by_id('DeleteDevice', 'CREATED00001'), r.by_id('GetDevice', 'CREATED00001'),
        r.by_id('SelfTest', onu), r.by_id('NoSuchMethod', onu)]
    yield 'deletion', [
        r.by_id('DeleteDevice', 'ALCL12345679'), r.by_id('GetDevice', 'ALCL12345679'), r.by_id('EnableDevice', 'ALCL12345679'),
        r.by_id('DeleteDevice', olt), r.by_id('GetDevice', onu), r.exchange('ListDevices')]


def main():
    url, out = sys.argv[1:3]
    os.makedirs(out, exist_ok=True)
    for name, exchanges in scenarios(Recorder(url)):
        text = json.dumps({'scenario': name, 'exchanges': exchanges}, indent=1)
        with open(os.path.join(out, name + '.json'), 'w') as f:
            f.write(text + '\n')
        print('%-12s %3d exchanges' % (name, len(exchanges)))


if __name__ == '__main__':
    main()
