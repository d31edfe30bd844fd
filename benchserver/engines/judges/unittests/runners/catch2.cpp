// The main program of a Catch2 test binary: one test a process, and a late nonce for the supervisor.
#define CATCH_CONFIG_RUNNER
#include "test/catch.hpp"

#include <string>
#include <vector>
#include <unistd.h>

namespace {

void say(std::string const& text) {
    if (write(4, text.data(), text.size()) < 0) _exit(1);
}

std::string quoted(std::string const& text) {
    std::string out = "\"";
    for (unsigned char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (c >= 0x20) out += static_cast<char>(c);
    }
    return out + "\"";
}

int list() {
    std::string out;
    for (auto const& test : Catch::getAllTestCasesSorted(*Catch::getCurrentContext().getConfig()))
        out += (out.empty() ? "" : ",") + quoted(test.name);
    say("[" + out + "]");
    return 0;
}

std::string escaped(std::string const& name) {
    std::string out;
    for (char c : name) {
        if (c == ',' || c == '[' || c == '\\' || c == '*') out += '\\';
        out += c;
    }
    return out;
}

}  // namespace

int main(int count, char** words) {
    Catch::Session session;
    if (count > 1 && std::string(words[1]) == "list") {
        session.configData().testsOrTags = {"*"};
        Catch::getCurrentMutableContext().setConfig(
            std::make_shared<Catch::Config>(session.configData()));
        _exit(list());
    }
    if (count < 3) _exit(1);
    session.configData().testsOrTags = {escaped(words[2])};
    session.configData().warnings = Catch::WarnAbout::NoTests;
    if (session.run() != 0) {
        say("failed\n");
        _exit(1);
    }
    say("done\n");
    char nonce[32];
    for (size_t got = 0; got < sizeof nonce;) {
        ssize_t more = read(3, nonce + got, sizeof nonce - got);
        if (more <= 0) _exit(1);
        got += static_cast<size_t>(more);
    }
    say(std::string(nonce, sizeof nonce));
    _exit(0);
}
