// Boost.Beast: synchronous reads and writes on one stream, its shortest and cheapest use.
// PEER flood URL | send N SIZE URL; DEFLATE=1 offers permessage-deflate.
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

namespace beast = boost::beast;
namespace websocket = beast::websocket;
namespace asio = boost::asio;
using tcp = asio::ip::tcp;

struct Address {
    bool secure;
    std::string host, port, target;

    explicit Address(std::string url) {
        secure = url.compare(0, 6, "wss://") == 0;
        url.erase(0, secure ? 6 : 5);
        auto slash = url.find('/'), colon = url.find(':');
        host = url.substr(0, colon);
        port = url.substr(colon + 1, slash - colon - 1);
        target = url.substr(slash);
    }
};

template <class Stream> void open(Stream &stream, const Address &address) {
    websocket::permessage_deflate deflate;
    deflate.client_enable = std::getenv("DEFLATE") != nullptr;
    stream.set_option(deflate);
    stream.read_message_max(64 << 20);
    stream.handshake(address.host + ":" + address.port, address.target);
}

template <class Stream> void flood(Stream &stream) {
    unsigned long messages = 0, bytes = 0;
    beast::flat_buffer buffer;
    for (;;) {
        beast::error_code error;
        stream.read(buffer, error);
        if (error == websocket::error::closed) break;
        if (error) throw beast::system_error(error);
        messages++;
        bytes += buffer.size();
        buffer.consume(buffer.size());
    }
    std::printf("{\"msgs\":%lu,\"bytes\":%lu}\n", messages, bytes);
}

template <class Stream> void send(Stream &stream, long count, size_t size) {
    std::string message(size, 'x');
    stream.text(true);
    for (long i = 0; i < count; i++) stream.write(asio::buffer(message));
    stream.close(websocket::close_code::normal);
    std::printf("{\"msgs\":%ld,\"bytes\":%lu}\n", count, count * size);
}

template <class Stream> void work(Stream &stream, const Address &address, char **arguments) {
    open(stream, address);
    if (arguments[1] == std::string("flood")) flood(stream);
    else send(stream, std::atol(arguments[2]), std::strtoul(arguments[3], nullptr, 10));
}

int main(int count, char **arguments) {
    Address address(arguments[count - 1]);
    asio::io_context context;
    asio::ssl::context tls(asio::ssl::context::tls_client);
    tcp::endpoint peer(asio::ip::make_address(address.host), (unsigned short)std::stoi(address.port));
    if (address.secure) {
        websocket::stream<beast::ssl_stream<tcp::socket>> stream(context, tls);
        beast::get_lowest_layer(stream).connect(peer);
        beast::get_lowest_layer(stream).set_option(tcp::no_delay(true));
        stream.next_layer().handshake(asio::ssl::stream_base::client);
        work(stream, address, arguments);
    } else {
        websocket::stream<tcp::socket> stream(context);
        stream.next_layer().connect(peer);
        stream.next_layer().set_option(tcp::no_delay(true));
        work(stream, address, arguments);
    }
}
